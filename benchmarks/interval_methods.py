"""Candidate 95 % intervals of a mean of values from 0 to 1, beside those that whet has."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, t

from whet.evaluation.intervals import estimate
from whet.evaluation.statistics.bootstrap import expanded_tail
from whet.evaluation.statistics.proportions import unseen

Ends = tuple[float, float]
Z = float(norm.isf(0.025))
DRAWS = 1000


def whet_rule(values: np.ndarray) -> Ends:
    """What `estimate` reports."""
    found = estimate(values.tolist())
    return found.low, found.high


def student(values: np.ndarray) -> Ends:
    """The mean ± t s / √n."""
    half = t.isf(0.025, len(values) - 1) * error(values)
    return values.mean() - half, values.mean() + half


def logit_student(values: np.ndarray) -> Ends:
    """Student's interval on the logit scale, also where all values are 0 or 1."""
    mean = values.mean()
    half = t.isf(0.025, len(values) - 1) * error(values) / (mean * (1 - mean))
    return expit(logit(mean) - half), expit(logit(mean) + half)


def wilson_effective(values: np.ndarray) -> Ends:
    """Wilson's interval with m (1 − m) / (s² / n) problems for n, and t for z."""
    mean, quantile = values.mean(), t.isf(0.025, len(values) - 1)
    count = mean * (1 - mean) / error(values) ** 2
    centre = (mean + quantile**2 / count / 2) / (1 + quantile**2 / count)
    inner = mean * (1 - mean) / count + quantile**2 / (4 * count**2)
    half = quantile * np.sqrt(inner) / (1 + quantile**2 / count)
    return centre - half, centre + half


def pseudo_problems(values: np.ndarray) -> Ends:
    """Student's interval with one more problem of 0 and one of 1, as Agresti and Coull add two."""
    low, high = student(np.append(values, (0.0, 1.0)))
    return max(0.0, low), min(1.0, high)


CLOSED: Mapping[str, Callable[[np.ndarray], Ends]] = {
    "whet": whet_rule,
    "logit t": logit_student,
    "Wilson n_eff": wilson_effective,
    "t": student,
    "pseudo": pseudo_problems,
}


def resampled(values: np.ndarray, rng: np.random.Generator) -> dict[str, Ends]:
    """Four intervals of the same resamples: percentile, expanded percentile, BCa, bootstrap-t."""
    count, mean = len(values), values.mean()
    seen, times = np.unique(values, return_counts=True)
    drawn = rng.multinomial(count, times / count, DRAWS)
    means = drawn @ seen / count
    errors = np.sqrt(np.maximum(0, drawn @ seen**2 / count - means**2) / (count - 1))
    tail = expanded_tail(count)
    studentised = (means - mean)[errors > 0] / errors[errors > 0]
    upper, lower = np.quantile(studentised, (0.975, 0.025)) if len(studentised) else (0.0, 0.0)
    return {
        "percentile": quantiles(means, 0.025, 0.975),
        "expanded": quantiles(means, tail, 1 - tail),
        "BCa": quantiles(means, *bca_tails(values, means)),
        "bootstrap-t": (mean - upper * error(values), mean - lower * error(values)),
    }


def bca_tails(values: np.ndarray, means: np.ndarray) -> Ends:
    """The two quantiles of the bias-corrected and accelerated bootstrap (Efron 1987)."""
    mean = values.mean()
    bias = norm.ppf(np.mean(means < mean) + np.mean(means == mean) / 2)
    away = values - mean
    pull = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    low, high = (
        norm.cdf(bias + (bias + z) / (1 - pull * (bias + z))) if np.isfinite(bias) else 0.5
        for z in (-Z, Z)
    )
    return float(low), float(high)


def quantiles(means: np.ndarray, low: float, high: float) -> Ends:
    """Two quantiles."""
    return tuple(np.quantile(means, (low, high)))


def error(values: np.ndarray) -> float:
    """The standard error of the mean."""
    return values.std(ddof=1) / np.sqrt(len(values))


def without_spread(values: np.ndarray) -> Ends:
    """What every method has where all values are equal: `unseen`."""
    found = unseen(float(values[0]), len(values), least=0.0, most=1.0)
    return found.low, found.high


def intervals(values: np.ndarray, rng: np.random.Generator | None) -> dict[str, Ends]:
    """All candidates; those that resample only with a generator."""
    if np.ptp(values) == 0:
        ends = without_spread(values)
        names = [*CLOSED, *(("percentile", "expanded", "BCa", "bootstrap-t") if rng else ())]
        return dict.fromkeys(names, ends)
    found = {name: method(values) for name, method in CLOSED.items()}
    return found | resampled(values, rng) if rng else found
