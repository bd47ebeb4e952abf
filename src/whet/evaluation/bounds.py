"""What the verdicts of one problem tell, and what the missing ones leave open."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import comb, fsum, isnan, nan
from statistics import fmean
from typing import NamedTuple

from whet.evaluation.passk import pass_at_k

Ternary = bool | None
"""True, False, or None: not known."""

Count = Callable[[int, int, int], float]
"""A metric of n samples, c of them right, and k drawn: it must not fall as c rises, nor as a wrong
sample is left out.
"""


_ROUNDING = 1e-11  # of a sum of chances


class Bounds(NamedTuple):
    """A quantity of one problem: its estimate, and the range that missing verdicts leave."""

    value: float  # from the verdicts that are there; NaN where they are too few
    least: float
    most: float


UNKNOWN = Bounds(nan, 0.0, 1.0)  # of a share of which nothing is known


def exactly(value: float) -> Bounds:
    """The bounds of a quantity without a missing verdict."""
    return Bounds(value, value, value)


def pass_bounds(correct: Sequence[bool], missing: int, k: int) -> Bounds:
    """pass@k of n samples, c of them right and m without a verdict, as in `count_bounds`.

    Attempts that were not made, below k, count as missing.
    """
    return count_bounds(pass_at_k, correct, max(missing, k - len(correct)), k)


def count_bounds(metric: Count, correct: Sequence[bool], missing: int, k: int) -> Bounds:
    """A metric f of n samples, c of them right and m without a verdict.

    f(n, c, k) ≤ f ≤ f(n, c + m, k), for f rises with c: both ends are met, where every missing
    verdict is wrong, and where every one is right.  The value is that of the n − m judged samples,
    f(n − m, c, k), which lies between the two.  With fewer than k of them it is known only where
    both ends agree.
    """
    right, judged = sum(correct), len(correct)
    least = metric(judged + missing, right, k)
    most = metric(judged + missing, right + missing, k)
    if judged >= k:
        return Bounds(metric(judged, right, k), least, most)
    return Bounds(least if least == most else nan, least, most)


def mean_bounds(scores: Sequence[float], missing: int, least: float, most: float) -> Bounds:
    """The mean score of a problem, where a missing score is from `least` to `most`."""
    count, known = len(scores) + missing, fsum(scores)
    if not missing:
        return exactly(fmean(scores)) if scores else Bounds(nan, nan, nan)
    low, high = (known + missing * least) / count, (known + missing * most) / count
    return Bounds(fmean(scores) if scores else nan, low, high)


def both(one: Ternary, other: Ternary) -> Ternary:
    """Whether both hold: False where one is known not to, else None where one is not known."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def negated(verdict: Ternary) -> Ternary:
    """The opposite; what is not known stays so."""
    return None if verdict is None else not verdict


def conditional_bounds(pairs: Sequence[tuple[Ternary, Ternary]]) -> Bounds | None:
    """The share of B among the samples with A, of pairs (A, B).

    The value is that of the samples of which both are known.  At worst, every unknown B is false,
    and every unknown A is true where its B is not true; at best the reverse: both ends are met.
    Where no A is known to be true, the range is 0 to 1.  None where every A is false: the share
    does not exist.
    """
    counts = Counter(pair for pair in pairs if pair[0] is not False)
    if not counts:
        return None
    hits, misses = counts[True, True], counts[True, False]
    either = counts[True, None]
    value = hits / (hits + misses) if hits + misses else nan
    if not hits + misses + either:
        return UNKNOWN
    free = counts[None, None]
    against, along = counts[None, False] + free, counts[None, True] + free
    least = hits / (hits + misses + either + against)
    most = (hits + either + along) / (hits + misses + either + along)
    return Bounds(value, least, most)


def decided_bounds(chances: Sequence[float], right: Sequence[Bounds], none: float) -> Bounds:
    """The chance that a decision is right: Σ_a P_a s_a.

    P_a is the chance of decision a, s_a the share that it is right, and `none` the chance of no
    decision, which is wrong.  The value is the share right of the decisions with a known s_a.
    Within 1e-11 of 0 or 1 it is that number: it differs by rounding.
    """
    pairs = [(p, share) for p, share in zip(chances, right, strict=True) if p]
    least = _snapped(fsum(p * share.least for p, share in pairs))
    most = _snapped(fsum(p * share.most for p, share in pairs))
    if least == most:
        return exactly(least)
    judged = [(p, share.value) for p, share in pairs if not isnan(share.value)]
    mass = fsum(p for p, _ in judged) + none
    value = _snapped(fsum(p * share for p, share in judged) / mass) if mass else nan
    return Bounds(value, least, most)


def _snapped(chance: float) -> float:
    return 0.0 if chance < _ROUNDING else 1.0 if chance > 1 - _ROUNDING else chance


def avoiding_bounds(inner: Bounds, attempts: int, unknown: int, k: int) -> Bounds:
    """A metric of 0 to 1 of all sets of k of n samples, from the sets without `unknown` ones.

    Of a set with such a sample nothing is known.  A share f = C(n − u, k) / C(n, k) has none, so
    the metric is from f · least to f · most + 1 − f.  The value is that of the sets without.
    """
    if not unknown:
        return inner
    share = comb(attempts - unknown, k) / comb(attempts, k)
    if not share:
        return UNKNOWN
    return Bounds(inner.value, share * inner.least, share * inner.most + 1 - share)
