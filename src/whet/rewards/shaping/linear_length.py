"""Length as a share of the group's longest, the more so the easier the task."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import judged, not_negative, rescore_group, right, solved
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLength(GroupReward):
    """R − w p̂ L / max_j(L_j)  where the reply is right, R where it is wrong.

    After prime-rl's group length penalty, unconfirmed in its details; that only right replies pay
    is ours: to punish wrong ones teaches to be wrong briefly.
    """

    weight: float = 0.1
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        not_negative("linear_length", weight=self.weight)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Count who is right, then tokens."""
        found = await context.judge(self.inner, group)
        rate = self.weight * solved(found)
        longest = max([r.length for r, _ in judged(group, found)] + [1])

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return verdict.score - right(verdict) * rate * rollout.length / longest

        return rescore_group(group, found, score_of, "length")
