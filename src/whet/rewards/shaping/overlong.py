"""Soft overlong punishment (DAPO, arXiv:2503.14476)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.rescoring import not_negative, positive, rescore_inner
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlong(GroupReward):
    """R − λ clip((|y| − (L_max − C)) / C, 0, 1),  in tokens: `longest` is L_max, `cushion` C.

    There is no penalty up to L_max − C, and the full one, λ, from L_max on.  With a short length
    limit it is better to drop truncated rollouts from the loss (advantage `MaskTruncated`).
    """

    compares = False

    longest: int = 20480
    cushion: int = 4096
    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        positive("overlong", longest=self.longest, cushion=self.cushion)
        not_negative("overlong", weight=self.weight)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where no reply is long enough for a penalty, or where all have the full one."""
        free = self.longest - self.cushion
        if free >= spec.max_new_tokens:
            effect = f"the penalty begins behind {free}, so no reply has one"
            return out_of_reach("overlong", "longest", self.longest, spec, effect)
        if self.longest <= 1:
            return f"overlong.longest is {self.longest}: each reply has the full penalty; give more"
        return zero("overlong", weight=self.weight)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self.priced, "overlong")

    def priced(self, rollout: Rollout, verdict: Verdict) -> float:
        """The score less the penalty."""
        over = (rollout.length - (self.longest - self.cushion)) / self.cushion
        return verdict.score - self.weight * min(max(over, 0.0), 1.0)
