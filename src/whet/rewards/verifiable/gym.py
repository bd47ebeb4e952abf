"""reasoning_gym's tasks, judged by their own scorers (github.com/open-thought/reasoning-gym)."""

from dataclasses import dataclass, replace
from importlib.util import find_spec

from whet.protocols import Reward
from whet.rewards.verifiable._extraction import after_think, tagged
from whet.rewards.verifiable._gym import harmless, raw_score
from whet.rewards.verifiable._verdicts import no_answer
from whet.sandbox.workers import Workers
from whet.types import Reason, Rollout, UsageError, Verdict

_SOLVED = 0.99  # below it: partial credit, which also pays for answers buried in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym(Reward):
    """1 where the data set that made the task gives its answer full marks, else 0.

    The answer stands in the last `<answer>…</answer>`, or follows the last `#`, or is the whole
    reply after the thoughts.  `parts["raw"]` keeps the scorer's own number.  A scorer that would
    run the answer as code gets no names that could do harm.  An answer that hangs the scorer is
    the policy's failure.
    """

    limit_s: float = 10.0
    longest: int = 4096  # characters of an answer
    workers: int = 2

    def __post_init__(self) -> None:
        """The package is an extra."""
        if find_spec("reasoning_gym") is None:
            raise UsageError("reward 'gym' needs reasoning_gym; pip install 'whet[gym]'")

    def score(self, rollout: Rollout) -> Verdict:
        """Extract, hand over, and keep only full marks."""
        info = rollout.task.info.get("gym")
        if info is None:
            return Verdict.unjudged(f"task {rollout.task.id!r} is none of reasoning_gym's")
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
