"""Soft overlong punishment (DAPO, arXiv:2503.14476)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import Shaper
from whet.rewards.shaping.rescoring import not_negative, positive, rescore_inner
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlong(Shaper):
    """R − λ clip((|y| − (L_max − C)) / C, 0, 1),  in tokens: `longest` is L_max, `cushion` C.

    There is no penalty up to L_max − C, and the full one, λ, from L_max on.  Without a `cushion`, C
    is a fifth of L_max, as in the paper.  With a short length limit it is better to drop truncated
    rollouts from the loss (advantage `MaskTruncated`).

    R is the inner reward's score: for the paper's base of ±1 wrap `signed`.  Known failure: around
    a base of 1 and 0, a right reply of L_max tokens scores no more than a brief wrong one, and less
    for λ > 1.
    """

    compares = False

    longest: int = 20480
    cushion: int | None = None
    weight: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        check_ramp("overlong", self.longest, self.cushion)
        not_negative("overlong", weight=self.weight)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns where no reply is long enough for a penalty, or where all have the full one."""
        free = self.longest - self.ramp
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
        over = (rollout.length - (self.longest - self.ramp)) / self.ramp
        return verdict.score - self.weight * min(max(over, 0.0), 1.0)

    @property
    def ramp(self) -> float:
        """C, the tokens over which the penalty grows."""
        return self.longest / 5 if self.cushion is None else self.cushion


def check_ramp(owner: str, longest: int, cushion: int | None) -> None:
    """Raises `UsageError` unless 0 < C ≤ L_max: a longer ramp would begin before the reply."""
    positive(owner, longest=longest)
    if cushion is not None:
        positive(owner, cushion=cushion)
        if cushion > longest:
            raise UsageError(
                f"{owner}.cushion is {cushion}, but longest is {longest}; give at most {longest}"
            )
