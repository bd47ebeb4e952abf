"""What the verdicts of one problem tell, and what the missing ones leave open."""

from collections.abc import Sequence
from math import fsum, nan
from statistics import fmean
from typing import NamedTuple

from whet.evaluation.passk import pass_at_k


class Bounds(NamedTuple):
    """A quantity of one problem: its estimate, and the range that missing verdicts leave."""

    value: float  # from the verdicts that are there; NaN where they are too few
    least: float
    most: float


def exactly(value: float) -> Bounds:
    """The bounds of a quantity without a missing verdict."""
    return Bounds(value, value, value)


def pass_bounds(correct: Sequence[bool], missing: int, k: int) -> Bounds:
    """pass@k of n samples, c of them right and m without a verdict.

    pass@k(n, c) ≤ pass@k ≤ pass@k(n, c + m), for pass@k rises with c: both ends are met, where
    every missing verdict is wrong, and where every one is right.  The value is the unbiased
    estimate of the n − m judged samples, pass@k(n − m, c), which lies between the two.  With fewer
    than k of them it is known only where both ends agree.  Attempts that were not made, below k,
    count as missing.
    """
    right, judged = sum(correct), len(correct)
    missing = max(missing, k - judged)
    least = pass_at_k(judged + missing, right, k)
    most = pass_at_k(judged + missing, right + missing, k)
    if judged >= k:
        return Bounds(pass_at_k(judged, right, k), least, most)
    return Bounds(least if least == most else nan, least, most)


def mean_bounds(scores: Sequence[float], missing: int, least: float, most: float) -> Bounds:
    """The mean score of a problem, where a missing score is from `least` to `most`."""
    count, known = len(scores) + missing, fsum(scores)
    if not missing:
        return exactly(fmean(scores)) if scores else Bounds(nan, nan, nan)
    low, high = (known + missing * least) / count, (known + missing * most) / count
    return Bounds(fmean(scores) if scores else nan, low, high)
