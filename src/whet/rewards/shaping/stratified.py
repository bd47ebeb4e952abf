"""A model's opinion within two bands that don't touch (HERO, arXiv:2510.07242, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._bend import joined, right
from whet.types import Group, UsageError, Verdict, spread

_HALF = 0.5  # from here on the bands touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified(GroupReward):
    """R = c + δ (2 u − 1),  u the model's score rescaled to [0, 1] among the group's likes.

    c = 1 where the rule says right, else 0, and the likes are the right or the wrong ones.  Right
    replies lie in [1 − δ, 1 + δ], wrong ones in [−δ, δ].  Where all of a band score the same,
    but for rounding, u is ½.  δ is unconfirmed.
    """

    model: Judge
    delta: float = 0.1
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Refuse what would let a wrong reply win."""
        if not 0 <= self.delta < _HALF:
            raise UsageError(f"stratified.delta is {self.delta}; give one in [0, 0.5)")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask the rule, then the model."""
        ruled = await context.judge(self.inner, group)
        asked = await context.judge(self.model, group)
        pairs = [(v, m) for v, m in zip(ruled, asked, strict=True) if v.judged and m.judged]
        bands = {c: [m.score for v, m in pairs if right(v) == c] for c in (True, False)}

        def of(rule: Verdict, model: float) -> float:
            return right(rule) + self.delta * (2 * rescale(model, bands[right(rule)]) - 1)

        return joined(ruled, asked, of)


def rescale(score: float, band: Sequence[float]) -> float:
    """0 for the least of the band, 1 for the most."""
    return (score - min(band)) / spread(band) if spread(band) else 0.5
