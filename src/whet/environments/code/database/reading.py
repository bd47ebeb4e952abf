"""Queries of the policy, which read a file in a worker process."""

import json

from whet.calls.tools import ToolError
from whet.rewards.verifiable.sql.running import Question, Refused, Rows, Slow, agree, answer
from whet.sandbox.workers import Died, Failed, Workers
from whet.types import Fault, Reason, Verdict

_WORKERS = Workers(count=2, limit_s=5.0)
_STEPS = 500_000  # of SQLite's machine
_SHOWN, _JUDGED = 50, 10_000  # rows of a result, at most
_LONGEST = 10_000  # characters of a query
_WRONG = (Failed, OverflowError, ValueError)


def shown(path: str, query: str) -> str:
    """The rows of a query, one JSON list on each line.

    Raises `ToolError` for one that fails, and `Fault` where its worker process died.
    """
    try:
        rows = _rows(path, query, _asking(_SHOWN))
    except (Refused, Slow, *_WRONG) as error:
        raise ToolError(str(error)) from None
    return "\n".join(json.dumps(row, default=repr) for row in rows) or "no rows"


def judged(paths: tuple[str, str], query: str, gold: str) -> Verdict:
    """Whether a query has the rows of the right one in both databases, as the reward `sql` does.

    `parts` says whether it ran, and whether it was right in the first database.
    """
    question, parts = _asking(_JUDGED, gold), {"executes": 0.0, "first": 0.0}
    reason, note = Reason.OK, ""
    try:
        for path in paths:
            got = _rows(path, query, question)
            parts["executes"] = 1.0
            if not agree(_rows(path, gold, question), got, question):
                reason = Reason.WRONG
                break
            parts["first"] = 1.0
    except (Refused, Slow, *_WRONG) as error:
        reason, note = _reason(error), str(error)
    correct = reason is Reason.OK
    return Verdict(reason=reason, score=float(correct), correct=correct, parts=parts, note=note)


def _reason(error: Exception) -> Reason:
    if isinstance(error, Refused):
        return Reason.UNSAFE
    return Reason.TIMEOUT if isinstance(error, Slow) else Reason.WRONG


def _asking(most: int, gold: str = "") -> Question:
    return Question(schema="", gold=gold, seed=0, rows=0, instances=1, steps=_STEPS, most=most)


def _rows(path: str, query: str, question: Question) -> Rows:
    if len(query) > _LONGEST:
        raise Slow(f"more than {_LONGEST} characters")
    try:
        return _WORKERS.call(answer, path, query, question)
    except TimeoutError:
        raise Slow("more than 5 s") from None
    except MemoryError:
        raise Slow("more memory than there is") from None
    except Died as death:
        raise Fault(f"a worker process died: {death}") from death
