"""Student's interval of a mean, on the values' own scale and on the logit scale."""

import numpy as np

from whet.evaluation.statistics.inputs import Values, finite
from whet.evaluation.statistics.interval import TAIL, Interval
from whet.types import UsageError


def t_interval(values: Values) -> Interval:
    """The interval m ± t s / √n: t is the 97.5 % quantile of Student's distribution, n − 1 degrees.

    Where all values are equal it is the point m.  Raises `UsageError` with fewer than two values.
    """
    held = np.sort(finite(values, "values", least=2))
    mean, error = _mean_and_error(held)
    half = _quantile(len(held)) * error
    return Interval(value=mean, low=mean - half, high=mean + half)


def logit_t(values: Values) -> Interval:
    """Student's interval on the logit scale, of values from 0 to 1 that are not all equal.

    logit m ± t s / (√n m (1 − m)), mapped back: by the delta method, the error of logit m is that
    of m times its slope 1 / (m (1 − m)).  The ends stay within [0, 1], and the longer arm points
    away from the nearer end, as the skewness of such means asks for.

    Measured coverage for beta-distributed difficulty is in `whet.evaluation.intervals.estimate`.
    Raises `UsageError` for values outside [0, 1], for equal values, and with fewer than two.
    """
    from scipy.special import expit, logit  # its import takes half a second

    held = np.sort(finite(values, "values", least=2))
    if held[0] < 0 or held[-1] > 1:
        raise UsageError(f"values run from {held[0]} to {held[-1]}; give values from 0 to 1")
    mean, error = _mean_and_error(held)
    if not error:
        raise UsageError(f"values are all {mean}; an interval needs values that differ")
    half = _quantile(len(held)) * error / (mean * (1 - mean))
    low, high = expit(logit(mean) - half), expit(logit(mean) + half)
    return Interval(value=mean, low=float(low), high=float(high))


def _mean_and_error(held: np.ndarray) -> tuple[float, float]:
    if held[0] == held[-1]:
        return float(held[0]), 0.0
    return float(held.mean()), float(held.std(ddof=1) / np.sqrt(len(held)))


def _quantile(count: int) -> float:
    from scipy.stats import t

    return float(t.isf(TAIL, count - 1))
