"""LASER (arXiv:2505.15612): a bonus for a right answer within a target length."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.rescoring import not_negative, positive, rescore_inner, right
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Laser(GroupReward):
    """c + α c 1[|y| ≤ L_T],  c = 1 where the reply is right, else 0.

    α is unconfirmed.
    """

    compares = False

    target: int = 2048
    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        positive("laser", target=self.target)
        not_negative("laser", alpha=self.alpha)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a target that every reply meets."""
        if self.target >= spec.max_new_tokens:
            effect = "every right reply has the bonus"
            return out_of_reach("laser", "target", self.target, spec, effect)
        return zero("laser", alpha=self.alpha)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self._of, "length")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        return right(verdict) * (1 + self.alpha * (rollout.length <= self.target))
