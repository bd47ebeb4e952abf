"""L1-Exact (arXiv:2503.04697): a reply should have exactly the requested length."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import (
    not_negative,
    only_right,
    positive,
    rescore_inner,
    wanted_length,
)
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Exact(Shaper):
    """c − α |L* − |y||,  c = 1 where the reply is right, else 0.

    L* is the task's `info["length"]`, or else `target`.  α is that of the release's script
    `run_l1_exact.sh`.  Known failure, the paper's, too: a wrong reply of L* tokens outscores a
    right one that misses L* by more than 1/α tokens.
    """

    compares = False

    target: int = 1024
    alpha: float = 3e-4
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("l1_exact", self.inner)
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
        target = wanted_length(rollout.task, self.target)
        return only_right(verdict) - self.alpha * abs(target - rollout.length)
