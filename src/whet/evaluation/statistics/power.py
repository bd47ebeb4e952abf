"""The power of the paired t-test, and what it takes to have it."""

from math import sqrt
from typing import cast

from whet.evaluation.statistics.inputs import enough, inside, positive
from whet.types import UsageError

ALPHA = 0.05  # two-sided
POWER = 0.8
_ONE_SIDED = 6.0  # P(T < −t) ≤ Φ(−6) < 1e-9 from here on, and scipy's is NaN from about 8
_CERTAIN = 1000.0
_MOST = 10**9  # units; beyond this no study is planned


def power_of(d_z: float, units: int, *, alpha: float = ALPHA) -> float:
    """The chance that a two-sided paired t-test of n units rejects a true effect d_z = δ / σ.

    P(|T| > t_{1 − α/2, n − 1}),  T noncentral t with n − 1 degrees and noncentrality √n d_z.

    n = 8 at d_z = 1.15 gives .80.  Raises `UsageError` with fewer than two units.
    """
    from scipy.stats import nct, t  # its import takes half a second

    inside(alpha, "alpha", 0, 1)
    enough(units, "units")
    shift, limit = abs(d_z) * sqrt(units), float(t.isf(alpha / 2, units - 1))
    if shift > limit + _CERTAIN:
        return 1.0
    wrong_sign = nct.cdf(-limit, units - 1, shift) if shift < _ONE_SIDED else 0.0
    return float(nct.sf(limit, units - 1, shift) + wrong_sign)


def detectable(units: int, *, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest d_z that n units resolve with the given power; 1.15 at n = 8."""
    from scipy.optimize import brentq

    inside(power, "power", inside(alpha, "alpha", 0, 1), 1)
    most = 1.0
    while power_of(most, units, alpha=alpha) < power:
        most *= 2
    found = brentq(lambda d_z: power_of(d_z, units, alpha=alpha) - power, 0.0, most)
    return cast("float", found)  # the root alone, without `full_output`


def units_for(d_z: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """The fewest units that resolve d_z with the given power; 8 at d_z = 1.16.

    Raises `UsageError` for d_z = 0, and where a billion units are not enough.
    """
    positive(abs(d_z), "d_z")
    inside(power, "power", inside(alpha, "alpha", 0, 1), 1)
    most = 2
    while power_of(d_z, most, alpha=alpha) < power:
        most *= 2
        if most > _MOST:
            raise UsageError(f"d_z is {d_z}: no study can resolve it; give a larger effect")
    few = max(1, most // 2)
    while most - few > 1:
        middle = (few + most) // 2
        enough = power_of(d_z, middle, alpha=alpha) >= power
        few, most = (few, middle) if enough else (middle, most)
    return most
