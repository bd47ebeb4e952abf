"""reasoning_gym's tasks, scored by their own data sets (github.com/open-thought/reasoning-gym)."""

from ast import literal_eval
from dataclasses import dataclass, replace
from importlib.util import find_spec

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import tagged, unfinished
from whet.rewards.verifiable.gym_scorers import (
    EXPRESSIONS,
    REFUSED,
    SEVERAL,
    attempted,
    harmless,
    raw_score,
    same,
    solved,
    vast,
)
from whet.rewards.verifiable.math.canonical import canonical
from whet.rewards.verifiable.verdicts import no_answer
from whet.sandbox.workers import Died, Workers
from whet.types import Finish, Reason, Rollout, UsageError, Verdict

_SOLVED = 1 - 1e-9  # less is partial credit, as for buried answers and for 128 moves instead of 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym(Reward):
    """1 where the task's data set gives the answer full marks, else 0.

    The answer is the last `<answer>…</answer>`, or the text after the last `#`, or the whole reply
    after the thoughts.  `parts["raw"]` is the data set's own score.  Where a question has one right
    answer, a reply must also be that answer, but for layout, case and the spelling of numbers,
    because some scorers give full marks to `nan`, to near numbers or to any text.  In `countdown`
    and `puzzle24` the expression is checked as by the verifier `countdown`.

    An answer that would be run as code is refused if it could call anything but school algebra.  An
    answer that hangs, kills or breaks a scorer which the right answer does not break is the
    policy's failure.  The data sets `composite` and `propositional_logic` are refused with a
    `UsageError`: in the latter a premise that is repeated earns full marks.
    """

    limit_s: float = 10.0
    longest: int = 4096  # characters of an answer, where the right one has not half as many
    workers: int = 2

    def __post_init__(self) -> None:
        if find_spec("reasoning_gym") is None:
            raise UsageError("reward 'gym' needs reasoning_gym; pip install 'whet[gym]'")

    def score(self, rollout: Rollout) -> Verdict:
        info = rollout.task.info.get("gym")
        if info is None:
            return Verdict.unjudged(f"task {rollout.task.id!r} has no info['gym']")
        name = info["dataset"]
        if name in REFUSED:
            raise UsageError(f"gym.dataset {name!r} can't be judged: {REFUSED[name]}")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        answer = _answer(text, rollout.finish)
        if not answer:
            return no_answer(rollout)
        gold = literal_eval(info["entry"])["answer"] or ""
        if name not in SEVERAL and not gold.strip():
            return Verdict(reason=Reason.NOT_APPLICABLE, note="the right answer is an empty one")
        return self._refused(name, answer, gold) or self._judged(name, info["entry"], answer, gold)

    def _refused(self, dataset: str, answer: str, gold: str) -> Verdict | None:
        """The verdict on an answer that is not shown to the scorer, or None."""
        if len(answer) > max(self.longest, 2 * len(gold)):
            return Verdict.failure(Reason.WRONG, note=f"{len(answer)} characters")
        if any(sign.isdecimal() and not sign.isascii() for sign in answer):
            return Verdict.failure(Reason.WRONG, note="digits of another script")
        if not harmless(dataset, answer):
            return Verdict.failure(Reason.UNSAFE, note=answer[:80])
        return None

    def _judged(self, name: str, entry: str, answer: str, gold: str) -> Verdict:
        if name in EXPRESSIONS:
            right = solved(entry, answer)
            return _verdict(answer, raw=float(right), correct=right)
        if name not in SEVERAL and vast(answer) and not same(answer, gold):
            return _verdict(answer, raw=0.0, correct=False)
        raw = self._asked(name, entry, answer)
        if isinstance(raw, Reason):
            # a scorer that fails on the right answer, or without one on plain words, is at fault
            self._workers().call(raw_score, name, entry, gold or "no answer")
            return Verdict.failure(raw, note=answer[:80])
        right = raw >= _SOLVED and (name in SEVERAL or same(answer, gold))
        return _verdict(answer, raw=raw, correct=right)

    def _asked(self, name: str, entry: str, answer: str) -> float | Reason:
        """The scorer's number, or the reason why it has none."""
        try:
            raw = self._workers().call(attempted, name, entry, answer)
        except (TimeoutError, Died):
            return Reason.TIMEOUT
        return Reason.WRONG if raw is None else raw

    def _workers(self) -> Workers:
        return Workers(count=self.workers, limit_s=self.limit_s, modules=("reasoning_gym",))


def _verdict(answer: str, *, raw: float, correct: bool) -> Verdict:
    verdict = Verdict.binary(correct=correct, note=answer[:80], answer=canonical(answer))
    return replace(verdict, parts={"raw": raw})


def _answer(text: str, finish: Finish) -> str:
    """The answer; empty where it has no end: an open tag, or no tag in a reply that was cut."""
    content = tagged(text)
    if content is not None:
        return content
    cut = finish is Finish.LENGTH or unfinished(text, finish)
    return "" if cut else text.rpartition("#")[2].strip()
