"""Hard tasks weigh more."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import not_negative, rescore_group, solved
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty(GroupReward):
    """R (1 − p̂)^γ,  p̂ the share of right replies of the group.

    A form of ours.  An advantage that divides by the group's deviation takes the factor away again;
    use one that only centres.
    """

    gamma: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        not_negative("difficulty", gamma=self.gamma)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Count who is right."""
        found = await context.judge(self.inner, group)
        weight = (1 - solved(found)) ** self.gamma

        def score_of(_: Rollout, verdict: Verdict) -> float:
            return verdict.score * weight

        return rescore_group(group, found, score_of, "difficulty")
