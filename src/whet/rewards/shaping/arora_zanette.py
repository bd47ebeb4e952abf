"""A bonus for being shorter than other right replies (Arora and Zanette, arXiv:2502.04463)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from statistics import fmean, pstdev

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import NONE, Shaper, reads_only_right
from whet.rewards.shaping.rescoring import Range, judged, only_right, rescore_group
from whet.types import Group, Rollout, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AroraZanette(Shaper):
    """c (1 − α σ((L − mean) / std)),  mean and deviation over the right replies of the group.

    It is the population deviation.  Where all right replies are equally long, each loses α/2.  α
    lies between 0.05 and 0.4 in the paper (unconfirmed).
    """

    alpha: float = 0.2
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("arora_zanette", self.inner)
        if not 0 <= self.alpha < 1:
            raise UsageError(f"arora_zanette.alpha is {self.alpha}; give one in [0, 1)")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("arora_zanette", alpha=self.alpha) or alone("arora_zanette", spec)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[1 − α, 1], and 0."""
        return Range(low=1 - self.alpha, high=1.0), NONE

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        lengths = [r.length for r, v in judged(group, found) if only_right(v)]

        def score_of(rollout: Rollout, verdict: Verdict) -> float:
            return worth(rollout.length, lengths, self.alpha) if only_right(verdict) else 0.0

        return rescore_group(group, found, score_of, "length")


def worth(length: int, lengths: Sequence[int], alpha: float) -> float:
    """1 − α σ(z), which lies in [1 − α, 1]."""
    deviation = pstdev(lengths)
    z = (length - fmean(lengths)) / deviation if deviation > 0 else 0.0
    return 1 - alpha / (1 + exp(-z))
