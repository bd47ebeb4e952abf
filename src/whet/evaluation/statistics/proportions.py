"""Intervals of a proportion: of problems that are right or wrong, and of values never seen."""

from whet.evaluation.statistics.interval import LEVEL, Interval
from whet.types import UsageError


def wilson(hits: int, count: int) -> Interval:
    """Wilson's score interval of c hits in n: the p at which (c/n − p)² = z² p (1 − p) / n.

    12 of 30 give [.246, .577].  Its coverage is a saw-tooth around .95: hits are whole numbers.
    At p = .02 and n = 30 it is .980, at p = .1 it is .974.  Source: Wilson 1927 (from memory).
    """
    return _interval(hits, count, "wilson")


def clopper_pearson(hits: int, count: int) -> Interval:
    """The exact interval: the p that neither tail of the binomial distribution rejects at .025.

    It covers at least .95 at every p, and mostly more.  Source: Clopper and Pearson 1934 (from
    memory).
    """
    return _interval(hits, count, "exact")


def unseen(value: float, count: int, *, least: float, most: float) -> Interval:
    """The interval of a mean where all n values are equal to c: how much others could move it.

    [c − u (c − a), c + u (b − c)]: u is the upper end of Wilson's interval of 0 in n, the share
    that values not yet seen may have; a and b are how far out these may lie.
    """
    share = wilson(0, count).high
    low, high = value - share * (value - least), value + share * (most - value)
    return Interval(value=value, low=low, high=high)


def _interval(hits: int, count: int, method: str) -> Interval:
    from scipy.stats import binomtest  # its import takes half a second

    if count < 1:
        raise UsageError(f"count is {count}; give 1 problem or more")
    if not 0 <= hits <= count:
        raise UsageError(f"hits is {hits} of count {count}; give a number from 0 to {count}")
    found = binomtest(hits, count).proportion_ci(confidence_level=LEVEL, method=method)
    return Interval(value=hits / count, low=float(found.low), high=float(found.high))
