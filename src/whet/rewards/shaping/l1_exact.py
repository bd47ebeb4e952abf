"""L1-Exact: as long as it was asked to be (arXiv:2503.04697)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import not_negative, positive, rescore_inner, right
from whet.types import Group, Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Exact(GroupReward):
    """c − α |L* − |y||,  c = 1 where the reply is right, else 0.

    L* is the task's `info["length"]`, or `target` where it names none.  α is the paper's as far as
    is known (unconfirmed; its code has 1/3000).
    """

    target: int = 1024
    alpha: float = 3e-4
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse sizes that make no sense."""
        positive("l1_exact", target=self.target)
        not_negative("l1_exact", alpha=self.alpha)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask the inner judge, and count tokens."""
        return await rescore_inner(group, self.inner, context, self._of, "length")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        target = float(rollout.task.info.get("length") or self.target)
        return right(verdict) - self.alpha * abs(target - rollout.length)
