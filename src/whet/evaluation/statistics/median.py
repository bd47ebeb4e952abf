"""The interval of a median from order statistics, for values of any distribution."""

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite
from whet.evaluation.statistics.interval import TAIL, Interval


def median_interval(values: Values) -> Interval:
    """The median, and the order statistics x₍ⱼ₎ and x₍ₙ₊₁₋ⱼ₎ around it with a coverage of .95.

    The number of values below the median is Binomial(n, ½); j is the largest rank with
    P(Binomial(n, ½) < j) ≤ .025.  No j exists for fewer than six values: the ends are NaN.
    Source: Thompson 1936 (from memory).

    Raises `UsageError` without a value, or where one is not finite.
    """
    from scipy.stats import binom  # its import takes half a second

    held = np.sort(finite(values, "values"))
    rank = int(binom.ppf(TAIL, len(held), 0.5))  # the smallest k with P(≤ k) ≥ .025
    middle = float(np.median(held))
    if not rank:
        return Interval(value=middle, low=np.nan, high=np.nan)
    return Interval(value=middle, low=float(held[rank - 1]), high=float(held[-rank]))
