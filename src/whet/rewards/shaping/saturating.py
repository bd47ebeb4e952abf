"""A component weighs less the better the group already is at it (unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import (
    Weighed,
    combined_verdict,
    hear,
    labels,
    outside,
    unjudged,
)
from whet.rewards.shaping.rescoring import not_negative
from whet.types import Group, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturating(GroupReward):
    """R = Σ_k w_k (1 − s̄_k)^γ s_k,  s̄_k = (mean − min) / (max − min).

    The inner reward is a component of weight 1.  Scores lie in [0, 1], so min is 0, max is 1, and
    s̄_k is the group's mean.  Where all replies are right, being right earns nothing: a wrong reply
    of one group may outscore a right one of another.
    """

    parts: tuple[Weighed, ...] = ()
    gamma: float = 1.0
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        labels("saturating", self.parts)
        not_negative("saturating", gamma=self.gamma)

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        checked = await context.judge(self.inner, group)
        rows = await hear([part.judge for part in self.parts], group, context)
        everything = (Weighed(judge=self.inner, name="inner"), *self.parts)
        whole = [(v, *row) for v, row in zip(checked, rows, strict=True)]
        broken = [unjudged(row) or outside(everything, row) for row in whole]
        sound = [row for row, verdict in zip(whole, broken, strict=True) if verdict is None]
        weights = [
            part.weight * (1 - fmean(row[k].score for row in sound)) ** self.gamma if sound else 0.0
            for k, part in enumerate(everything)
        ]
        return [
            verdict
            or combined_verdict(
                row[0], sum(_products(weights, everything, row)), self.parts, row[1:]
            )
            for row, verdict in zip(whole, broken, strict=True)
        ]


def _products(
    weights: Sequence[float], parts: Sequence[Weighed], row: Sequence[Verdict]
) -> list[float]:
    return [w * p.value(v.score) for w, p, v in zip(weights, parts, row, strict=True)]
