"""AUROC: how well a number tells right samples from wrong ones."""

from collections.abc import Sequence
from math import nan

import numpy as np

from whet.evaluation.bounds import Bounds
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.columns import Columns
from whet.evaluation.metrics.pooled import SamplePool, judged, pooled_estimate, pools
from whet.evaluation.samples import Problem


def auroc(numbers: Sequence[float] | np.ndarray, correct: Sequence[bool] | np.ndarray) -> float:
    """P(a right sample has the higher number than a wrong one), equal ones counting a half.

    (Σ_{i right} r_i − R (R + 1) / 2) / (R W),  of R right and W wrong samples, with the ranks r_i
    among all, equal numbers sharing their mean rank (Mann and Whitney).  NaN without one of each.
    """
    from scipy.stats import rankdata  # its import takes half a second

    right = np.asarray(correct, dtype=np.float64)
    ranks = rankdata(numbers)[right == 1].sum()
    return float(_areas(np.array([ranks]), np.array([right.sum()]), len(right))[0])


def pooled_auroc(problems: Sequence[Problem], columns: Columns) -> Estimate:
    """AUROC of the samples of all problems, with the interval of `pooled_estimate`.

    Missing verdicts: with j of them right, the area is largest where those of the highest numbers
    are.  So the ends are the extremes over j, and both are met.
    """
    return pooled_estimate(pools(problems, columns), _bounds)


def _bounds(pool: SamplePool) -> Bounds:
    from scipy.stats import rankdata

    ranks = rankdata(pool.numbers)
    missing = np.isnan(pool.right)
    right = np.nan_to_num(pool.right, nan=0.0)
    free = np.sort(ranks[missing])
    more = np.arange(len(free) + 1)
    ends: list[float] = []
    for order, pick in ((free, np.nanmin), (free[::-1], np.nanmax)):
        added = np.concatenate([[0.0], np.cumsum(order)])
        areas = _areas(ranks @ right + added, right.sum() + more, len(ranks))
        ends.append(nan if np.isnan(areas).all() else float(pick(areas)))
    return Bounds(auroc(*judged(pool)), *ends)


def _areas(ranks: np.ndarray, right: np.ndarray, count: int) -> np.ndarray:
    """The areas by the sum of the ranks of the right samples, and their number."""
    pairs = np.asarray(right * (count - right), dtype=np.float64)
    pairs = np.where(pairs > 0, pairs, np.nan)
    return (ranks - right * (right + 1) / 2) / pairs
