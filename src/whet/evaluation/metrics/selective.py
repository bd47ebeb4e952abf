"""Selective answering: accuracy and coverage where the least confident samples are left out."""

from collections.abc import Sequence
from functools import partial
from math import ceil, nan

import numpy as np

from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.columns import Columns
from whet.evaluation.metrics.pooled import falling, pooled_estimate, pools, rising
from whet.evaluation.samples import Problem
from whet.types import UsageError

_ROUNDING = 1e-9

Numbers = Sequence[float] | np.ndarray


def aurc(confidence: Numbers, correct: Sequence[bool] | np.ndarray) -> float:
    """(1/N) Σ_i (errors among the i most confident samples) / i; the lower, the better.

    The area under the risk-coverage curve (Geifman and El-Yaniv 2017, arXiv:1705.08500 (from
    memory)).  Samples of one confidence are in any order: their errors are the expected ones.  NaN
    of no samples.
    """
    errors = _errors(confidence, correct)
    return float(np.mean(errors / np.arange(1, len(errors) + 1))) if len(errors) else nan


def selective_accuracy(
    confidence: Numbers, correct: Sequence[bool] | np.ndarray, coverage: float
) -> float:
    """The share right of the ⌈coverage · N⌉ most confident samples, ties as in `aurc`.

    Raises `UsageError` for a coverage that is not in (0, 1].
    """
    if not 0 < coverage <= 1:
        raise UsageError(f"coverage is {coverage}; give a share above 0, up to 1")
    errors = _errors(confidence, correct)
    count = max(ceil(coverage * len(errors) - _ROUNDING), 1)
    return float(1 - errors[count - 1] / count) if len(errors) else nan


def coverage_at(
    confidence: Numbers, correct: Sequence[bool] | np.ndarray, accuracy: float = 0.95
) -> float:
    """The largest share of samples above a threshold of confidence that has this accuracy, or 0.

    A threshold does not part equal confidences.  Raises `UsageError` for an accuracy that is not a
    share.
    """
    if not 0 <= accuracy <= 1:
        raise UsageError(f"accuracy is {accuracy}; give a share from 0 to 1")
    errors = _errors(confidence, correct)
    if not len(errors):
        return nan
    counts = np.cumsum(np.unique(-np.asarray(confidence, float), return_counts=True)[1])
    good = counts[1 - errors[counts - 1] / counts >= accuracy - _ROUNDING]
    return float(good.max(initial=0) / len(errors))


def pooled_aurc(problems: Sequence[Problem], confidence: Columns) -> Estimate:
    """AURC of the samples of all problems; it falls where a verdict turns right."""
    return pooled_estimate(pools(problems, confidence), falling(aurc))


def pooled_selective_accuracy(
    problems: Sequence[Problem], confidence: Columns, coverage: float
) -> Estimate:
    """`selective_accuracy` of the samples of all problems; it rises with the verdicts."""
    metric = partial(selective_accuracy, coverage=coverage)
    return pooled_estimate(pools(problems, confidence), rising(metric))


def pooled_coverage_at(
    problems: Sequence[Problem], confidence: Columns, accuracy: float = 0.95
) -> Estimate:
    """`coverage_at` of the samples of all problems; it rises with the verdicts."""
    metric = partial(coverage_at, accuracy=accuracy)
    return pooled_estimate(pools(problems, confidence), rising(metric))


def _errors(confidence: Numbers, correct: Sequence[bool] | np.ndarray) -> np.ndarray:
    """The expected number of errors among the i most confident samples, for i from 1 to N."""
    stated = np.asarray(confidence, dtype=np.float64)
    wrong = 1.0 - np.asarray(correct, dtype=np.float64)
    _, place, counts = np.unique(-stated, return_inverse=True, return_counts=True)
    return np.cumsum(np.repeat(np.bincount(place, wrong) / counts, counts))
