"""A gate: the reply does not repeat itself."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.words import repeated
from whet.types import Reason, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition(Reward):
    """1 where  1 − |different n-grams| / |n-grams| ≤ most,  over the sampled tokens, else 0.

    A reply of fewer than `n` tokens repeats nothing.  The answer is not judged: use this reward as
    a gate or a component.  Both defaults are ours.
    """

    n: int = 20
    most: float = 0.6

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"repetition.n is {self.n}; give 1 or more tokens")
        if not 0 <= self.most <= 1:
            raise UsageError(f"repetition.most is {self.most}; give a share, from 0 to 1")

    def score(self, rollout: Rollout) -> Verdict:
        share = repeated(rollout.chosen_ids.tolist(), self.n)
        well = share <= self.most
        reason = Reason.OK if well else Reason.BAD_FORMAT
        return Verdict(reason=reason, score=float(well), parts={"repeated": share})
