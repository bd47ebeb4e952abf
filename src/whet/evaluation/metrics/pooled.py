"""Metrics of all samples together, such as a rank statistic: no mean over problems."""

from collections.abc import Callable, Sequence
from math import isfinite, nan
from typing import NamedTuple

import numpy as np

from whet.evaluation.bounds import Bounds
from whet.evaluation.intervals import Estimate, estimate
from whet.evaluation.metrics.columns import Columns, paired
from whet.evaluation.samples import Problem
from whet.types import spread

_DRAWS = 1000


class SamplePool(NamedTuple):
    """The samples of one problem, or of all, that have a number."""

    numbers: np.ndarray  # a confidence, or a length
    right: np.ndarray  # 1 or 0; NaN: no verdict


Statistic = Callable[[SamplePool], Bounds]
"""A metric of all samples: its value from the judged ones, and the range of all completions."""

Complete = Callable[[np.ndarray, np.ndarray], float]
"""The same of samples that all have a verdict: numbers, and 1 or 0."""


def pools(problems: Sequence[Problem], columns: Columns) -> list[SamplePool]:
    """The samples by problem; those without a number (NaN) are left out."""
    return [_pool(problem, numbers) for problem, numbers in paired(problems, columns)]


def joined(parts: Sequence[SamplePool]) -> SamplePool:
    """All samples of all problems."""
    if not parts:
        return SamplePool(np.empty(0), np.empty(0))
    return SamplePool(
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.right for part in parts]),
    )


def judged(pool: SamplePool) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and verdicts of the samples with a verdict."""
    known = ~np.isnan(pool.right)
    return pool.numbers[known], pool.right[known]


def rising(metric: Complete) -> Statistic:
    """A metric that does not fall where a verdict turns right: both ends are met."""

    def bounds(pool: SamplePool) -> Bounds:
        ends = [metric(pool.numbers, np.nan_to_num(pool.right, nan=fill)) for fill in (0.0, 1.0)]
        return Bounds(metric(*judged(pool)), *ends)

    return bounds


def falling(metric: Complete) -> Statistic:
    """A metric that does not rise where a verdict turns right: both ends are met."""

    def bounds(pool: SamplePool) -> Bounds:
        ends = [metric(pool.numbers, np.nan_to_num(pool.right, nan=fill)) for fill in (1.0, 0.0)]
        return Bounds(metric(*judged(pool)), *ends)

    return bounds


def pooled_estimate(
    parts: Sequence[SamplePool], statistic: Statistic, *, seed: int = 0
) -> Estimate:
    """A statistic of all samples, and its 95% interval over problems.

    The interval is the percentile bootstrap over problems, each with all its samples: from the 2.5%
    quantile of `least` to the 97.5% quantile of `most` over 1000 draws, without those in which it
    is NaN, and as far as the value at least.  Where all draws agree, it is that of as many problems
    with this value (`estimate`).  The value is moved to the nearer end where it lies outside the
    range of the completions.
    """
    whole = statistic(joined(parts))
    known = sum(bool(len(judged(part)[0])) for part in parts)
    held = {"problems": known, "of": len(parts), "least": whole.least, "most": whole.most}
    if np.isnan(whole.value):
        return Estimate(value=nan, low=nan, high=nan, **held)
    value = min(max(whole.value, whole.least), whole.most)
    drawn = _draws(parts, statistic, seed)
    if isfinite(value) and not spread([*drawn[:, 0], *drawn[:, 1]]):
        alike = estimate([value] * len(parts))
        return Estimate(value=value, low=alike.low, high=alike.high, **held)
    low = np.quantile(drawn[:, 0], 0.025, method="inverted_cdf")
    high = np.quantile(drawn[:, 1], 0.975, method="inverted_cdf")
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), **held)


def _draws(parts: Sequence[SamplePool], statistic: Statistic, seed: int) -> np.ndarray:
    """`least` and `most` [draws, 2] of as many problems drawn at random; without NaN."""
    rng = np.random.default_rng(seed)
    whole = joined(parts)
    stops = np.cumsum([len(part.numbers) for part in parts])
    places = [np.arange(stop - len(p.numbers), stop) for stop, p in zip(stops, parts, strict=True)]
    found = np.empty((_DRAWS, 2))
    for draw in range(_DRAWS):
        at = np.concatenate([places[one] for one in rng.integers(0, len(parts), len(parts))])
        found[draw] = statistic(SamplePool(whole.numbers[at], whole.right[at]))[1:]
    return found[~np.isnan(found).any(axis=1)]


def _pool(problem: Problem, numbers: Sequence[float]) -> SamplePool:
    pairs = [
        (number, nan if sample.correct is None else float(sample.correct))
        for number, sample in zip(numbers, problem.samples, strict=True)
        if not np.isnan(number)
    ]
    held = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return SamplePool(held[:, 0], held[:, 1])
