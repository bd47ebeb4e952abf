"""L1-Exact (arXiv:2503.04697): a reply should have exactly the requested length."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.rescoring import not_negative, positive, rescore_inner, right
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Exact(GroupReward):
    """c − α |L* − |y||,  c = 1 where the reply is right, else 0.

    L* is the task's `info["length"]`, or else `target`.  α is the paper's (unconfirmed; its code
    has 1/3000).
    """

    compares = False

    target: int = 1024
    alpha: float = 3e-4
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        positive("l1_exact", target=self.target)
        not_negative("l1_exact", alpha=self.alpha)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a target that no reply can reach: then the longest reply is the best one."""
        if self.target > spec.max_new_tokens:
            effect = "no reply reaches it, so longer is always better"
            return out_of_reach("l1_exact", "target", self.target, spec, effect)
        return zero("l1_exact", alpha=self.alpha)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self._of, "length")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        target = float(rollout.task.info.get("length") or self.target)
        return right(verdict) - self.alpha * abs(target - rollout.length)
