"""The interval of a median from order statistics, for values of any distribution."""

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite
from whet.evaluation.statistics.interval import LEVEL, Interval


def median_interval(values: Values) -> Interval:
    """The median, and the order statistics around it that cover it in at least .95 of the cases.

    The ends are x₍ⱼ₎ and x₍ₙ₊₁₋ⱼ₎ with the largest j where P(Binomial(n, ½) < j) ≤ .025
    (`scipy.stats.quantile_test`).  No j exists for fewer than six values: the ends are NaN.

    Raises `UsageError` without a value, or where one is not finite.
    """
    from scipy.stats import quantile_test  # its import takes half a second

    held = finite(values, "values")
    middle = float(np.median(held))
    found = quantile_test(held, q=middle, p=0.5)  # pyright: ignore[reportArgumentType] (any number)
    ends = found.confidence_interval(LEVEL)
    return Interval(value=middle, low=float(ends.low), high=float(ends.high))
