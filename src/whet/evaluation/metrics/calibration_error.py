"""The expected calibration error of confidences, in bins of equal mass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erf, exp, isnan, nan, pi, sqrt

import numpy as np

from whet.evaluation.bounds import Bounds
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.binning import equal_mass
from whet.evaluation.metrics.brier import check_confidence
from whet.evaluation.metrics.columns import Columns
from whet.evaluation.metrics.pooled import SamplePool, joined, judged, pooled_estimate, pools
from whet.evaluation.samples import Problem

_BINS = 10
_DRAWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Samples with confidences next to each other: a point of the reliability diagram."""

    samples: int
    confidence: float  # the mean
    accuracy: float  # the share right


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationError:
    """ECE of all samples with a confidence."""

    plain: Estimate  # ECE: of few samples it is above 0 even for a calibrated policy
    corrected: float  # less most of that bias, of the judged samples; NaN where a bin has but one
    bins: tuple[Bin, ...]  # of the judged samples
    missing: int  # samples with a confidence and no verdict


def bins_of(confidence: Sequence[float], correct: Sequence[bool], bins: int) -> tuple[Bin, ...]:
    """Bins of equally many samples, `bins` of them or fewer (see `equal_mass`).

    Raises `UsageError` for a confidence that is no probability.
    """
    check_confidence(confidence)
    stated, right = np.asarray(confidence, float), np.asarray(correct, float)
    place = equal_mass(stated, bins)
    counts = np.bincount(place)
    means = zip(
        np.bincount(place, stated) / counts, np.bincount(place, right) / counts, strict=True
    )
    return tuple(
        Bin(samples=int(count), confidence=float(q), accuracy=float(share))
        for count, (q, share) in zip(counts, means, strict=True)
    )


def expected_error(bins: Sequence[Bin]) -> float:
    """ECE = Σ_b (n_b / N) |ō_b − q̄_b|; NaN without samples."""
    total = sum(one.samples for one in bins)
    gaps = [one.samples * abs(one.accuracy - one.confidence) for one in bins]
    return sum(gaps) / total if total else nan


def corrected_error(bins: Sequence[Bin]) -> float:
    """ECE less its bias: max(0, 2 ECE − Σ_b (n_b / N) E|X_b|).

    X_b is normal with the mean ō_b − q̄_b and the variance ō_b (1 − ō_b) / n_b: the gap of a bin
    that is measured again.  Its excess over the gap stands for that of the gap over the
    truth.
    It is `normal_debiased_ce` of the library of Kumar et al. 2019, "Verified Uncertainty
    Calibration" (arXiv:1909.10155), as read there; E|X| is that of the folded normal instead of
    random numbers, and the cut at 0 is ours.  NaN where a bin has fewer than two samples.
    """
    if not bins or min(one.samples for one in bins) <= 1:
        return nan
    total = sum(one.samples for one in bins)
    again = sum(one.samples * _again(one) for one in bins) / total
    return max(0.0, 2 * expected_error(bins) - again)


def calibration_error(
    problems: Sequence[Problem], confidence: Columns, bins: int = _BINS, *, seed: int = 0
) -> CalibrationError:
    """ECE of the samples of all problems; those without a confidence (NaN) are left out.

    The interval is for the error of many samples.  ECE of a bootstrap draw over problems is biased
    upwards once more, so that the percentile interval would lie too high.  With q its 97.5%
    quantile, the interval is 2 ECE − q to q: the basic bootstrap's lower end.  It begins at 0 where
    a policy whose answers are right with the stated confidences would show as large an ECE in more
    than 2.5% of 1000 draws (consistency resampling, Bröcker and Smith 2007 (from memory)).

    Missing verdicts leave the bins as they are; within each, its gap may be any that a completion
    has, so both ends are met.
    """
    parts = pools(problems, confidence)
    whole = joined(parts)
    stated, right = judged(whole)
    check_confidence(whole.numbers.tolist())
    found = bins_of(stated.tolist(), (right > 0).tolist(), bins)
    return CalibrationError(
        plain=_estimate(parts, bins, seed),
        corrected=corrected_error(found),
        bins=found,
        missing=len(whole.right) - len(right),
    )


def _estimate(parts: Sequence[SamplePool], bins: int, seed: int) -> Estimate:
    found = pooled_estimate(parts, lambda pool: _bounds(pool, bins), seed=seed)
    if isnan(found.value):
        return found
    calibrated = found.least <= _calibrated(joined(parts).numbers, bins, seed)
    return replace(found, low=0.0 if calibrated else max(2 * found.least - found.high, 0.0))


def _calibrated(stated: np.ndarray, bins: int, seed: int) -> float:
    """The 97.5% quantile of ECE where each sample is right with its confidence."""
    rng = np.random.default_rng(seed)
    place = equal_mass(stated, bins)
    drawn = [
        np.abs(np.bincount(place, stated - (rng.random(len(stated)) < stated))).sum()
        for _ in range(_DRAWS)
    ]
    return float(np.quantile(drawn, 0.975) / len(stated))


def _bounds(pool: SamplePool, bins: int) -> Bounds:
    if not len(pool.numbers):
        return Bounds(nan, nan, nan)
    place = equal_mass(pool.numbers, bins)
    free = np.bincount(place, np.isnan(pool.right))
    excess = np.bincount(place, pool.numbers - np.nan_to_num(pool.right, nan=0.0))
    nearest = np.abs(excess - np.clip(np.round(excess), 0, free))
    farthest = np.maximum(np.abs(excess), np.abs(excess - free))
    count = len(pool.numbers)
    ends = float(nearest.sum() / count), float(farthest.sum() / count)
    return Bounds(_plain(*judged(pool), bins), *ends)


def _plain(stated: np.ndarray, right: np.ndarray, bins: int) -> float:
    if not len(stated):
        return nan
    gaps = np.bincount(equal_mass(stated, bins), stated - right)
    return float(np.abs(gaps).sum() / len(stated))


def _again(one: Bin) -> float:
    """E|X| of a normal X: σ √(2/π) exp(−μ² / 2σ²) + μ erf(μ / (σ √2))."""
    gap = one.accuracy - one.confidence
    sigma = sqrt(one.accuracy * (1 - one.accuracy) / one.samples)
    if not sigma:
        return abs(gap)
    ratio = gap / sigma
    return sigma * sqrt(2 / pi) * exp(-(ratio**2) / 2) + gap * erf(ratio / sqrt(2))
