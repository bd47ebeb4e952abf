"""A component weighs less the better the group already is at it (unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    Row,
    Weighed,
    combined_verdict,
    flawed,
    hear,
    labels,
    outside,
    terms,
)
from whet.rewards.shaping.nesting import UNIT, Shaper, in_unit
from whet.rewards.shaping.rescoring import not_negative
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturating(Shaper):
    """R = Σ_k w_k (1 − s̄_k)^γ s_k,  s̄_k = (mean − min) / (max − min).

    The inner reward is a component of weight 1.  Scores lie in [0, 1], so min is 0, max is 1, and
    s̄_k is the group's mean.  Where all replies are right, being right earns nothing: a wrong reply
    of one group may outscore a right one of another.  So it may within a group that is mostly
    right, if it has a component that the others lack.
    """

    parts: tuple[Weighed, ...] = ()
    gamma: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        labels("saturating", self.parts)
        not_negative("saturating", gamma=self.gamma)
        in_unit("saturating", "inner", self.inner)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        base = Weighed(judge=self.inner, name="inner")
        broken = [
            flawed(v, (), self.parts, row) or outside([base], (v,))
            for v, row in zip(checked, rows, strict=True)
        ]
        whole = [(v, *row) for v, row in zip(checked, rows, strict=True)]
        sound = [row for row, verdict in zip(whole, broken, strict=True) if verdict is None]
        faded = self._faded((base, *self.parts), sound)
        return [
            verdict or combined_verdict(row[0], sum(terms(faded, row)), self.parts, row[1:])
            for row, verdict in zip(whole, broken, strict=True)
        ]

    def _faded(self, parts: Sequence[Weighed], rows: Sequence[Row]) -> list[Weighed]:
        """The components, with the weights that the group's means leave them."""

        def fading(part: Weighed, k: int) -> float:
            if not (rows and part.weight):
                return 0.0
            mean = fmean(UNIT.nearest(row[k].score) for row in rows)
            return part.weight * (1 - mean) ** self.gamma

        return [replace(part, weight=fading(part, k)) for k, part in enumerate(parts)]
