"""reasoning_gym's tasks, scored by their own data sets (github.com/open-thought/reasoning-gym)."""

from dataclasses import dataclass, replace
from importlib.util import find_spec

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import tagged, unfinished
from whet.rewards.verifiable.gym_scorers import harmless, raw_score
from whet.rewards.verifiable.math.canonical import canonical
from whet.rewards.verifiable.verdicts import no_answer
from whet.sandbox.workers import Workers
from whet.types import Finish, Reason, Rollout, UsageError, Verdict

_SOLVED = 0.99  # below it: partial credit, which also pays for answers buried in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym(Reward):
    """1 where the task's data set gives the answer full marks, else 0.

    The answer is the last `<answer>…</answer>`, or the text after the last `#`, or the whole reply
    after the thoughts.  `parts["raw"]` is the data set's own score.  An answer that would be run as
    code is refused if it could call anything but school algebra.  An answer that hangs the scorer
    is the policy's failure.
    """

    limit_s: float = 10.0
    longest: int = 4096  # characters of an answer
    workers: int = 2

    def __post_init__(self) -> None:
        if find_spec("reasoning_gym") is None:
            raise UsageError("reward 'gym' needs reasoning_gym; pip install 'whet[gym]'")

    def score(self, rollout: Rollout) -> Verdict:
        info = rollout.task.info.get("gym")
        if info is None:
            return Verdict.unjudged(f"task {rollout.task.id!r} has no info['gym']")
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        answer = _answer(text, rollout.finish)
        if not answer:
            return no_answer(rollout)
        refused = self._refused(info["dataset"], answer)
        return refused or self._ask((info["dataset"], info["entry"]), answer)

    def _refused(self, dataset: str, answer: str) -> Verdict | None:
        """The verdict on an answer that is not shown to the scorer, or None."""
        if len(answer) > self.longest:
            return Verdict.failure(Reason.WRONG, note=f"{len(answer)} characters")
        if any(sign.isdecimal() and not sign.isascii() for sign in answer):
            return Verdict.failure(Reason.WRONG, note="digits of another script")
        if not harmless(dataset, answer):
            return Verdict.failure(Reason.UNSAFE, note=answer[:80])
        return None

    def _ask(self, entry: tuple[str, str], answer: str) -> Verdict:
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("reasoning_gym",))
        try:
            raw = workers.call(raw_score, *entry, answer)
        except TimeoutError:
            workers.call(raw_score, *entry, "0")  # a scorer that hangs on anything is at fault
            return Verdict.failure(Reason.TIMEOUT, note=answer[:80])
        verdict = Verdict.binary(correct=raw >= _SOLVED, note=answer[:80], answer=canonical(answer))
        return replace(verdict, parts={"raw": raw})


def _answer(text: str, finish: Finish) -> str:
    """The answer; empty where it has no end: an open tag, or no tag in a reply that was cut."""
    content = tagged(text)
    if content is not None:
        return content
    cut = finish is Finish.LENGTH or unfinished(text, finish)
    return "" if cut else text.rpartition("#")[2].strip()
