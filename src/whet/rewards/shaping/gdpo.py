"""GDPO: each component is normalised within the group before they are added (arXiv:2601.05242)."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping._composition import (
    Weighed,
    combined_verdict,
    hear,
    labels,
    outside,
    unjudged,
)
from whet.types import Group, Verdict, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdpo(GroupReward):
    """R_i = z(c)_i + Σ_k w_k z(x_k)_i,  z(x)_i = (x_i − mean(x)) / std(x) over the group.

    Added first and normalised afterwards, the component that varies most drowns the others.
    Population deviation; what doesn't vary is 0.  c is the inner judge's score.  To be used with an
    advantage that doesn't normalise again.  Scores are relative: a wrong reply of one group may
    outscore a right one of another.  What the paper does across the batch afterwards is left to the
    advantage.
    """

    parts: tuple[Weighed, ...] = ()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        """Names have to differ."""
        labels("gdpo", self.parts)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask everyone, and compare within the group."""
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        broken = [
            unjudged((v,), row) or outside(self.parts, row)
            for v, row in zip(checked, rows, strict=True)
        ]
        sound = [i for i, verdict in enumerate(broken) if verdict is None]
        columns = [[checked[i].score for i in sound]]
        for k, part in enumerate(self.parts):
            columns.append([part.value(rows[i][k].score) for i in sound])
        weights = [1.0, *(part.weight for part in self.parts)]
        sums = weighed([normalised(column) for column in columns], weights)
        scores = dict(zip(sound, sums, strict=True))
        return [
            combined_verdict(checked[i], scores[i], self.parts, rows[i])
            if verdict is None
            else verdict
            for i, verdict in enumerate(broken)
        ]


def normalised(column: Sequence[float]) -> list[float]:
    """(x − mean) / std, population deviation; zeros where nothing varies but for rounding."""
    if not spread(column):
        return [0.0] * len(column)
    centre, deviation = fmean(column), pstdev(column)
    return [(x - centre) / deviation for x in column]


def weighed(columns: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """Σ_k w_k x_k, row by row."""
    rows = zip(*columns, strict=True)
    return [sum(w * x for w, x in zip(weights, row, strict=True)) for row in rows]
