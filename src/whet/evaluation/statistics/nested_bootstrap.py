"""The bootstrap of two levels: samples within problems, or problems within seeds."""

import numpy as np

from whet.evaluation.statistics.inputs import Rows, enough, finite
from whet.evaluation.statistics.interval import TAIL, Interval

_DRAWS = 2000


def bootstrap_two_stage(problems: Rows, *, seed: int = 0) -> Interval:
    """Percentile interval where problems are drawn, and then samples within each drawn problem.

    Drawing problems alone already holds the noise of sampling, for the means of problems differ
    by it too.  The second stage adds it once more: with a between variance b of problems and a
    within variance w of samples the draws have the variance (b + 2 w / n) / P, and the mean has
    (b + w / n) / P.  So this interval is too wide; for a report take `bootstrap`.
    """
    return _nested(problems, "problems", seed)


def bootstrap_hierarchical(seeds: Rows, *, seed: int = 0) -> Interval:
    """Percentile interval where seeds are drawn, and then problems within each drawn seed.

    The seed is the outer unit; each seed's problems are taken to be its own.  Where all seeds
    share their problems take `crossed`, which counts the problems once.

    A few seeds make the quantiles too short, the second stage makes them too long (as in
    `bootstrap_two_stage`): which of the two wins depends on the ratio of the variances.
    """
    return _nested(seeds, "seeds", seed)


def _nested(groups: Rows, name: str, seed: int) -> Interval:
    enough(len(groups), name)
    held = [np.sort(finite(group, f"{name}[{i}]")) for i, group in enumerate(groups)]
    held.sort(key=lambda group: (len(group), group.tolist()))
    count, rng = len(held), np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1 / count), _DRAWS)
    total = np.zeros(_DRAWS)
    for group, drawn in zip(held, times.T, strict=True):
        total += _resampled(group, drawn, rng)
    low, high = np.quantile(total / count, (TAIL, 1 - TAIL))
    value = float(np.mean([group.mean() for group in held]))
    return Interval(value=value, low=float(low), high=float(high))


def _resampled(group: np.ndarray, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Per draw, the sum of as many resampled means of the group as it was drawn times."""
    picks = rng.integers(0, len(group), (int(times.sum()), len(group)))
    owners = np.repeat(np.arange(len(times)), times)
    return np.bincount(owners, weights=group[picks].mean(1), minlength=len(times))
