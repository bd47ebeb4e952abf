"""How much a reply repeats itself."""

from collections.abc import Callable, Hashable, Sequence
from math import isnan, nan
from statistics import fmean

from whet.evaluation.bounds import Bounds, exactly
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.estimates import mean_over
from whet.evaluation.samples import Problem
from whet.types import UsageError

Split = Callable[[str], Sequence[Hashable]]


def unique_ngrams(items: Sequence[Hashable], n: int = 20) -> float:
    """The number of different n-grams over the number of n-grams; NaN of fewer than n items.

    1: nothing of this length is repeated.  Raises `UsageError` for n < 1.
    """
    if n < 1:
        raise UsageError(f"n is {n}; give the length of an n-gram, 1 or more")
    grams = [tuple(items[start : start + n]) for start in range(len(items) - n + 1)]
    return len(set(grams)) / len(grams) if grams else nan


def mean_unique_ngrams(
    problems: Sequence[Problem], n: int = 20, split: Split = str.split
) -> Estimate:
    """The mean of `unique_ngrams`, of the words of each reply unless `split` cuts it otherwise.

    A reply with fewer than n words is not counted, nor is a problem without others.
    """

    def bounds(problem: Problem) -> Bounds | None:
        ratios = [unique_ngrams(split(sample.text), n) for sample in problem.samples]
        known = [ratio for ratio in ratios if not isnan(ratio)]
        return exactly(fmean(known)) if known else None

    return mean_over(problems, bounds)
