"""LASER (arXiv:2505.15612): a bonus for a right answer within a target length."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import out_of_reach, zero
from whet.rewards.shaping.nesting import NONE, Shaper, reads_only_right
from whet.rewards.shaping.rescoring import Range, not_negative, only_right, positive, rescore_inner
from whet.types import Group, Rollout, RunSpec, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Laser(Shaper):
    """c + α c 1[|y| ≤ L_T],  c = 1 where the reply is right, else 0.

    α is that of the release, where a wrong reply's base is −½ and not 0.
    """

    compares = False

    target: int = 2048
    alpha: float = 0.5
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("laser", self.inner)
        positive("laser", target=self.target)
        not_negative("laser", alpha=self.alpha)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a target that every reply meets."""
        if self.target >= spec.max_new_tokens:
            effect = "every right reply has the bonus"
            return out_of_reach("laser", "target", self.target, spec, effect)
        return zero("laser", alpha=self.alpha)

    @property
    def ranges(self) -> tuple[Range, Range]:
        """[1, 1 + α], and 0."""
        return Range(low=1.0, high=1 + self.alpha), NONE

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        return await rescore_inner(group, self.inner, context, self._of, "length")

    def _of(self, rollout: Rollout, verdict: Verdict) -> float:
        return only_right(verdict) * (1 + self.alpha * (rollout.length <= self.target))
