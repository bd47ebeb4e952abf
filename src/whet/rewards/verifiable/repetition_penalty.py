"""A penalty that grows with the share of repeated n-grams of words."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.words import repeated
from whet.types import Reason, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionPenalty(Reward):
    """−most · (1 − |different n-grams| / |n-grams|), over the words of the reply.

    The defaults, 40 words and 0.05, are those of a published recipe for rewards without ground
    truth (unconfirmed).  The answer is not judged: add this reward to another one.
    """

    n: int = 40
    most: float = 0.05

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"repetition_penalty.n is {self.n}; give 1 or more words")
        if self.most < 0:
            raise UsageError(f"repetition_penalty.most is {self.most}; give 0 or more")

    def score(self, rollout: Rollout) -> Verdict:
        share = repeated(rollout.reply.split(), self.n)
        reason = Reason.PARTIAL if share else Reason.OK
        return Verdict(reason=reason, score=0.0 - self.most * share, parts={"repeated": share})
