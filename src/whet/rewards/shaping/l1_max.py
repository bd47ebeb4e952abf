"""L1-Max (arXiv:2503.04697): a reply should not exceed the requested length."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import NONE, UNIT, Shaper, reads_only_right
from whet.rewards.shaping.rescoring import (
    Range,
    not_negative,
    only_right,
    positive,
    rescore_inner,
    wanted_length,
)
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class L1Max(Shaper):
    """c · clip(α (L* − |y|) + δ, 0, 1),  c = 1 where the reply is right, else 0.

    L* is the task's `info["length"]`, or else `target`.  α and δ are unconfirmed; the
    release has δ = ½ and the slope α/2.
    """

    compares = False

    target: int = 1024
    alpha: float = 3e-4
    delta: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("l1_max", self.inner)
        positive("l1_max", target=self.target)
        not_negative("l1_max", alpha=self.alpha, delta=self.delta)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where every length from 1 on earns a right reply the same."""
        if not self.alpha:
            return zero("l1_max", alpha=self.alpha)
        if self.alpha * (self.target - spec.max_new_tokens) + self.delta >= 1:
            effect = "every right reply scores 1"
            return out_of_reach("l1_max", "target", self.target, spec, effect)
        if self.alpha * (self.target - 1) + self.delta <= 0:
            return f"l1_max.target is {self.target}: every right reply scores 0; give more"
        return ""

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[0, 1], and 0."""
        return UNIT, NONE

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self._of, "length")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        target = wanted_length(rollout.task, self.target)
        worth = self.alpha * (target - rollout.length) + self.delta
        return only_right(verdict) * min(max(worth, 0.0), 1.0)
