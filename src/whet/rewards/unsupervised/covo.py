"""CoVo's formulas (arXiv:2506.08745, unconfirmed): how steadily a chain leads to its own answer.

`distance[i][j]` is the mean negative log-likelihood of answer j after the i-th state of a
trajectory.  It needs a model that scores given text; the extension `PathConsistency` has one.
"""

from collections.abc import Sequence
from math import cos, sin, sqrt

Distances = Sequence[Sequence[float]]


def nearest(distance: Distances, own: int) -> list[bool]:
    """For each state, whether the trajectory's own answer is nearer than every other."""
    return [
        all(row[own] < far for place, far in enumerate(row) if place != own) for row in distance
    ]


def consistency(near: Sequence[bool]) -> float:
    """Con = (1/T) Σ_i 1[own answer is nearest at i]."""
    return sum(near) / len(near)


def volatility(near: Sequence[bool]) -> float:
    """Vol = (1/T) max {i : own answer is not nearest at i}, i counted from 1; 0 if it always is.

    It is 1 where the last state misses, as in the authors' release (github.com/sastpg/CoVo).  There
    a state at equal distances is no miss; here it is one.
    """
    return max((i for i, mine in enumerate(near, 1) if not mine), default=0) / len(near)


def vector(cluster: Sequence[tuple[float, float]]) -> float:
    """(1/G') √((Σ Con cos Vol)² + (Σ Con sin Vol)²)."""
    x = sum(con * cos(vol) for con, vol in cluster)
    y = sum(con * sin(vol) for con, vol in cluster)
    return sqrt(x * x + y * y) / len(cluster)
