"""GDPO (arXiv:2601.05242): normalise each component within the group, then add."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    Weighed,
    combined_verdict,
    flawed,
    hear,
    labels,
)
from whet.rewards.shaping.idle import alone, empty
from whet.rewards.shaping.nesting import Shaper
from whet.types import Group, RunSpec, Verdict, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdpo(Shaper):
    """R_i = z(c)_i + Σ_k w_k z(x_k)_i,  z(x)_i = (x_i − mean(x)) / std(x) over the group.

    If components were added first and normalised afterwards, the one with the largest deviation
    would dominate.  It is the population deviation; a constant component gives 0.  c is the inner
    reward's score.  Use an advantage that does not normalise again.  Scores are relative: a wrong
    reply of one group may outscore a right one of another, and where a component's weight is large,
    one of its own group.  The paper's normalisation over the batch is left to the advantage; its
    release takes the sample deviation and adds ε to it.
    """

    parts: tuple[Weighed, ...] = ()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        labels("gdpo", self.parts)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of a single reply, whose normalised score is 0, and of a sum without components."""
        return alone("gdpo", spec) or empty("gdpo", self.parts)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        broken = [flawed(v, (), self.parts, row) for v, row in zip(checked, rows, strict=True)]
        sound = [i for i, verdict in enumerate(broken) if verdict is None]
        columns, weights = [[checked[i].score for i in sound]], [1.0]
        for k, part in enumerate(self.parts):
            if part.weight:
                columns.append([part.value(rows[i][k].score) for i in sound])
                weights.append(part.weight)
        sums = weighed([normalised(column) for column in columns], weights)
        scores = dict(zip(sound, sums, strict=True))
        return [
            combined_verdict(checked[i], scores[i], self.parts, rows[i])
            if verdict is None
            else verdict
            for i, verdict in enumerate(broken)
        ]


def normalised(column: Sequence[float]) -> list[float]:
    """(x − mean) / std with the population deviation; zeros where all entries are equal but for
    rounding.
    """
    if not spread(column):
        return [0.0] * len(column)
    centre, deviation = fmean(column), pstdev(column)
    return [(x - centre) / deviation for x in column]


def weighed(columns: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """Σ_k w_k x_k, row by row."""
    rows = zip(*columns, strict=True)
    return [sum(w * x for w, x in zip(weights, row, strict=True)) for row in rows]
