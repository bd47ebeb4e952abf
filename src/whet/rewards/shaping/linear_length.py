"""A length penalty relative to the group's longest reply, larger for easier tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.rescoring import judged, not_negative, rescore_group, right, solved
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLength(GroupReward):
    """R − w p̂ L / max_j(L_j)  where the reply is right, R where it is wrong.

    It follows prime-rl's group length penalty; the details are unconfirmed.  That wrong replies pay
    nothing is ours: a penalty on them teaches the policy to be wrong briefly.
    """

    weight: float = 0.1
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        not_negative("linear_length", weight=self.weight)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("linear_length", weight=self.weight) or alone("linear_length", spec)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        rate = self.weight * solved(found)
        longest = max([r.length for r, _ in judged(group, found)] + [1])

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return verdict.score - right(verdict) * rate * rollout.length / longest

        return rescore_group(group, found, score_of, "length")
