"""A JSON value, compared field by field."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from whet.calls.literals import read, same
from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.json_replies import Unfinished, value_in
from whet.rewards.verifiable.json_schema import Values, valid
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Died, Failed, Workers
from whet.types import Reason, Rollout, UsageError, Verdict

_UNDECIDED = (ValueError, Failed, Died, TimeoutError, MemoryError, RecursionError, ArithmeticError)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields(Reward):
    """valid · (base + (1 − base) · |fields of the right value| / |fields of either object|).

    The right object is the task's answer.  Another right value, such as a list, is one field.  A
    task without an answer has a schema, and every value that satisfies it is right.  The reply's
    value stands after the thoughts: see `json_replies.py`.  It is valid if it is JSON of the same
    kind, without repeated keys, and satisfies `info["schema"]`, where the task has one; schemas
    need the package jsonschema.  Values are equal as JSON Schema says: 3 and 3.0 are, "3" and 3 are
    not.  The reply is correct where all fields are right, and no other is there.  The weights are
    ours.

    A schema that is none, that hangs, or that the right value does not satisfy is a fault; without
    a right value, so is one that accepts everything.
    """

    base: float = 0.3
    longest: int = 20_000  # characters of a reply without its thoughts
    limit_s: float = 5.0  # wall time of a schema
    workers: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.base < 1:
            raise UsageError(f"json_fields.base is {self.base}; give a share, from 0 to below 1")

    def score(self, rollout: Rollout) -> Verdict:
        task = rollout.task
        schema = task.info.get("schema")
        if not task.answer.strip() and schema is None:
            return nothing_to_compare(rollout)
        try:
            right = [read(task.answer)] if task.answer.strip() else []
            schema = read(schema) if isinstance(schema, str) else schema
        except ValueError as error:
            return Verdict.unjudged(f"the answer or schema of task {task.id!r} is no JSON: {error}")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        try:
            found = self._value(text, rollout, right)
        except Unfinished:
            return no_answer(rollout)
        except ValueError as error:
            return Verdict.failure(Reason.BAD_FORMAT, note=f"no JSON: {error}"[:80])
        return self._judged(rollout, schema, right, found)

    def _value(self, text: str, rollout: Rollout, right: Values) -> Any:
        if len(text) > self.longest:
            raise ValueError(f"{len(text)} characters")
        found = value_in(text, rollout.finish, _begins(right))
        if right and _kind(found) is not _kind(right[0]):
            raise ValueError(f"{type(found).__name__} in place of {type(right[0]).__name__}")
        return found

    def _judged(self, rollout: Rollout, schema: Any, right: Values, found: Any) -> Verdict:
        if schema is not None and find_spec("jsonschema") is None:
            raise UsageError("info['schema'] needs jsonschema; pip install 'whet[json]'")
        try:
            kept = schema is None or self._keeps(schema, right, found)
        except _UNDECIDED as error:
            return Verdict.unjudged(f"the schema of task {rollout.task.id!r}: {error}"[:200])
        if not kept:
            return Verdict.failure(Reason.BAD_FORMAT, note="not what the schema says")
        share = _share(found, right[0]) if right else 1.0
        return self._verdict(share)

    def _keeps(self, schema: Any, right: Values, found: Any) -> bool:
        """Whether the value satisfies the schema; one that hangs the checker does not."""
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("jsonschema",))
        try:
            return workers.call(valid, schema, right, [found])
        except (TimeoutError, Died, MemoryError, RecursionError):
            workers.call(valid, schema, right, [] if right else [{}])  # the schema may be at fault
            return False

    def _verdict(self, share: float) -> Verdict:
        reason = Reason.OK if share == 1 else Reason.PARTIAL if self.base or share else Reason.WRONG
        score = self.base + (1 - self.base) * share
        parts = {"valid": 1.0, "fields": share}
        return Verdict(reason=reason, score=score, correct=share == 1, parts=parts)


def _begins(right: Values) -> str:
    """The first sign of a value of the right kind among words; scalars stand alone."""
    if not right:
        return "{["
    return "{" if isinstance(right[0], dict) else "[" if isinstance(right[0], list) else ""


def _kind(value: Any) -> type:
    return type(value) if isinstance(value, dict | list) else object


def _share(found: Any, right: Any) -> float:
    if not isinstance(right, dict):
        return float(same(found, right))
    fields = found.keys() | right.keys()
    equal = sum(key in found and key in right and same(found[key], right[key]) for key in fields)
    return equal / len(fields) if fields else 1.0
