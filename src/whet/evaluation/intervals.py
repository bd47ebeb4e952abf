"""Confidence intervals of a mean over problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from whet.types import spread

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over problems and its 95% interval."""

    value: float
    low: float
    high: float
    problems: int

    def __str__(self) -> str:
        if not self.problems:
            return "–"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(per_problem: Sequence[float], *, seed: int = 0) -> Estimate:
    """The mean over problems with its 95% interval; NaN over nothing.

    A problem is the unit, with all its samples.  The interval is, by what the values are:

    - all 0 or 1: Wilson's interval of a proportion;
    - all equal to c: [c − u (c − a), c + u (b − c)], where u is the upper end of Wilson's interval
      of 0 in n, the share that values not yet seen may have, and a = min(0, c), b = max(1, c) are
      how far out those may lie.  At c = 0 and c = 1 this is Wilson's interval;
    - otherwise the percentile bootstrap over problems: the 2.5% and 97.5% quantiles of the means
      of 2000 resamples, drawn from `seed`.
    """
    values = np.asarray(per_problem, dtype=np.float64)
    count = len(values)
    if not count:
        return Estimate(nan, nan, nan, 0)
    mean = float(values.mean())
    if np.isin(values, (0.0, 1.0)).all():
        return Estimate(mean, *_wilson(int(values.sum()), count), count)
    if not spread(values.tolist()):
        unseen = _wilson(0, count)[1]
        low, high = mean - unseen * (mean - min(0, mean)), mean + unseen * (max(1, mean) - mean)
        return Estimate(mean, low, high, count)
    return Estimate(mean, *_bootstrap(values, seed), count)


def _wilson(hits: int, count: int) -> tuple[float, float]:
    from scipy.stats import binomtest  # its import takes half a second

    found = binomtest(hits, count).proportion_ci(confidence_level=0.95, method="wilson")
    return float(found.low), float(found.high)


def _bootstrap(values: np.ndarray, seed: int) -> tuple[float, float]:
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=_DRAWS,
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
