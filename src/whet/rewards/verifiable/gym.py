"""reasoning_gym's tasks, scored by their own data sets (github.com/open-thought/reasoning-gym)."""

from dataclasses import dataclass, replace
from importlib.util import find_spec

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import after_think, tagged
from whet.rewards.verifiable.gym_scorers import harmless, raw_score
from whet.rewards.verifiable.verdicts import no_answer
from whet.sandbox.workers import Workers
from whet.types import Reason, Rollout, UsageError, Verdict

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
        answer = _answer(rollout.reply)
        if not answer:
            return no_answer(rollout)
        if len(answer) > self.longest:
            return Verdict.failure(Reason.WRONG, note=f"{len(answer)} characters")
        if any(sign.isdecimal() and not sign.isascii() for sign in answer):
            return Verdict.failure(Reason.WRONG, note="digits of another script")
        if not harmless(info["dataset"], answer):
            return Verdict.failure(Reason.UNSAFE, note=answer[:80])
        return self._ask((info["dataset"], info["entry"]), answer)

    def _ask(self, entry: tuple[str, str], answer: str) -> Verdict:
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("reasoning_gym",))
        try:
            raw = workers.call(raw_score, *entry, answer)
        except TimeoutError:
            workers.call(raw_score, *entry, "0")  # a scorer that hangs on anything is at fault
            return Verdict.failure(Reason.TIMEOUT, note=answer[:80])
        verdict = Verdict.binary(correct=raw >= _SOLVED, note=answer[:80])
        return replace(verdict, parts={"raw": raw})


def _answer(reply: str) -> str:
    text = after_think(reply) or ""
    content = tagged(text)
    return content if content is not None else text.rpartition("#")[2].strip()
