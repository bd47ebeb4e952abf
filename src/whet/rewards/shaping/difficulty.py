"""A reward that is larger for tasks that the group rarely solves."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import zero
from whet.rewards.shaping.nesting import Shaper, ranges_of
from whet.rewards.shaping.rescoring import Range, not_negative, rescore_group, solved
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty(Shaper):
    """R (1 − p̂)^γ,  p̂ the share of right replies of the group.

    The form is ours.  An advantage that divides by the group's deviation cancels the factor; use
    one that only subtracts the mean.
    """

    gamma: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        not_negative("difficulty", gamma=self.gamma)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0."""
        del spec
        return zero("difficulty", gamma=self.gamma)

    @property
    def ranges(self) -> tuple[Range, Range] | None:
        """From 0 to those of the inner reward."""
        known = ranges_of(self.inner)
        if known is None:
            return None
        right, wrong = (Range(low=min(0.0, r.low), high=max(0.0, r.high)) for r in known)
        return right, wrong

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        weight = (1 - solved(found)) ** self.gamma

        def score_of(_: Rollout, verdict: Verdict) -> float:
            return verdict.score * weight

        return rescore_group(group, found, score_of, "difficulty")
