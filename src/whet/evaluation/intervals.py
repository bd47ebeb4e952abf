"""How sure one can be of a mean over problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over problems and its 95% interval."""

    value: float
    low: float
    high: float
    problems: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(per_problem: Sequence[float], *, seed: int = 0) -> Estimate:
    """The percentile bootstrap over problems, 2000 draws: a problem is the unit, with its samples.

    Bounds are the 2.5% and 97.5% quantiles of the means of resampled problems.  NaN over nothing.
    """
    values = np.asarray(per_problem, dtype=np.float64)
    if not len(values):
        return Estimate(nan, nan, nan, 0)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (_DRAWS, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high), len(values))
