"""RPT (arXiv:2506.08007): reason first, then predict how the text continues."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NextToken(Reward):
    """1 where the prediction is a prefix of the true continuation that ends at a token's end, else
    0.

    The continuation is the task's answer; `info["boundaries"]` are the numbers of bytes at which
    its tokens end.  The prediction stands after the thoughts, between the last `before` and the
    next `after`, and is compared byte by byte, spaces included.  The corpus chooses the positions
    that are hard enough.
    """

    before: str = "<answer>"
    after: str = "</answer>"

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            if not getattr(self, name):
                raise UsageError(f"next_token.{name} is ''; give what marks a prediction")

    def score(self, rollout: Rollout) -> Verdict:
        truth = rollout.task.answer.encode()
        ends = rollout.task.info.get("boundaries")
        if not truth or not isinstance(ends, Sequence):
            return Verdict.unjudged(
                f"task {rollout.task.id!r} has no continuation with info['boundaries']"
            )
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        _, opened, rest = text.rpartition(self.before)
        said, closed, _ = rest.partition(self.after)
        if not (opened and closed):
            return no_answer(rollout)
        guess = said.encode(errors="replace")
        right = bool(guess) and truth.startswith(guess) and len(guess) in ends
        return Verdict.binary(correct=right, note=said[:80])
