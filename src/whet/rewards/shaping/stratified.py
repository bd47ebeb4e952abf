"""A model's score within two bands that do not touch (HERO, arXiv:2510.07242, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.idle import alone, zero
from whet.rewards.shaping.nesting import Shaper, reads_only_right
from whet.rewards.shaping.rescoring import joined, only_right
from whet.types import Group, RunSpec, UsageError, Verdict, spread

_HALF = 0.5  # from here on the bands touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified(Shaper):
    """R = c + δ (2 u − 1),  u the model's score rescaled to [0, 1] within the band.

    c = 1 where the rule accepts, else 0; the two values of c are the two bands of a group.  Right
    replies lie in [1 − δ, 1 + δ], wrong ones in [−δ, δ].  u = ½ where all scores of a band are
    equal but for rounding, where the paper has 0.  The paper's weights of tasks by the variance of
    the scores are left out.  δ is unconfirmed.
    """

    model: Judge
    delta: float = 0.1
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        reads_only_right("stratified", self.inner)
        if not 0 <= self.delta < _HALF:
            raise UsageError(f"stratified.delta is {self.delta}; give one in [0, 0.5)")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a weight of 0, and of a reply without others to compare it with."""
        return zero("stratified", delta=self.delta) or alone("stratified", spec)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        ruled = await context.judge(self.inner, group)
        asked = await context.judge(self.model, group)
        pairs = [(v, m) for v, m in zip(ruled, asked, strict=True) if v.judged and m.judged]
        bands = {c: [m.score for v, m in pairs if only_right(v) == c] for c in (True, False)}

        def of(rule: Verdict, model: float) -> float:
            return only_right(rule) + self.delta * (2 * rescale(model, bands[only_right(rule)]) - 1)

        return joined(ruled, asked, of)


def rescale(score: float, band: Sequence[float]) -> float:
    """0 for the smallest score of the band, 1 for the largest."""
    return (score - min(band)) / spread(band) if spread(band) else 0.5
