"""maj@k over problems: is the most frequent answer of k samples right?"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from whet.evaluation.bounds import UNKNOWN, Bounds
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.answer_classes import Same, equal
from whet.evaluation.metrics.estimates import check_samples, mean_over
from whet.evaluation.metrics.tally import tally
from whet.evaluation.passk import check_drawn
from whet.evaluation.samples import Problem

_NEGLIGIBLE = 1e-20  # a chance: numbers of votes below it are not looked at


def majority_chances(sizes: Sequence[int], blank: int, k: int) -> list[float]:
    """The chance of each class of answers to win the vote of k samples, drawn without replacement.

    P_a = Σ_v Σ_t P(a and t − 1 other classes have v votes, all others fewer) / t

    of n samples: m_a of class a (`sizes`), the rest without a vote (`blank`).  Ties are split
    evenly, which is the expectation over winners drawn uniformly.  Exact but for rounding, which is
    below 1e-13 for 100 samples and 1e-11 for 1024.  The counts of a set are independent binomials
    b_a of m_a trials and p = k/n, given that their sum is k; and 1/t = ∫ y^{t−1} dy from 0 to 1.
    So P_a is the coefficient of z^k in the polynomial

        Σ_v ∫ b_a(v) z^v Π_{c ≠ a} (Σ_{x < v} b_c(x) z^x + y b_c(v) z^v) dy · (1 − p + p z)^blank

    over that of n trials.  It is taken from the values at the roots of unity of an order above n,
    and the integral from as many Gauss-Legendre nodes as make it exact.  The chances add up to that
    of a set with a vote.

    Voting over samples is self-consistency (Wang et al. 2022, arXiv:2203.11171).  Raises
    `UsageError` for k > n.
    """
    count = sum(sizes) + blank
    check_drawn(count, 0, k)
    alike = sorted(set(sizes) - {0})  # classes of one size win equally often
    share = k / count
    order = count + 1 + count % 2  # odd, so that all roots but 1 come in conjugate pairs
    places = np.arange(order // 2 + 1)
    roots = np.exp(-2j * np.pi * np.arange(order) / order)
    rest = (1 - share + share * roots[places]) ** blank * np.where(places, 2, 1)
    fewer = np.zeros((len(alike), len(places)), dtype=np.complex128)
    won = np.zeros(len(alike))
    for votes in range(min(k, max(alike, default=-1)) + 1):
        drawn = [_binomial(m, share)[votes] if votes <= m else 0.0 for m in alike]
        tied = np.outer(drawn, roots[votes * places % order])
        reached = (fewer + tied)[:, 0].real.min()  # the chance that the largest has no more votes
        if votes and min(max(drawn), reached) > _NEGLIGIBLE:
            lead = _won_with([sizes.count(m) for m in alike], fewer, tied, k // votes)
            won += (lead * rest @ roots[-k * places % order]).real
        fewer += tied
    won /= order * _binomial(count, share)[k]
    each = {m: max(won[at], 0.0) / sizes.count(m) for at, m in enumerate(alike)}
    return [float(each.get(size, 0.0)) for size in sizes]


def majority_at_k(sizes: Sequence[int], right: Sequence[float], blank: int, k: int) -> float:
    """maj@k = Σ_a P_a s_a, with s_a the share that class a is right: 0 or 1, as a rule.

    A set without a vote is wrong.  Raises `UsageError` for k > n.
    """
    chances = majority_chances(sizes, blank, k)
    return float(sum(p * share for p, share in zip(chances, right, strict=True)))


def mean_majority_at_k(problems: Sequence[Problem], k: int, same: Same = equal) -> Estimate:
    """The mean of maj@k, with the answers in classes by `same` (see `tally` for the verdicts).

    It rises with every verdict that turns right.  So the least value is that where all missing
    verdicts are wrong, the most that where all are right.  Raises `UsageError` for k > n.
    """

    def bounds(problem: Problem) -> Bounds:
        check_samples(problem, k)
        held = tally(problem, same)
        if not held.known(k):
            return UNKNOWN
        return held.right(majority_chances(held.sizes, held.blank, k), k)

    return mean_over(problems, bounds)


def _won_with(numbers: Sequence[int], fewer: np.ndarray, tied: np.ndarray, most: int) -> np.ndarray:
    """The polynomials [sizes, roots] of the sets that each size of class wins with v votes.

    `fewer` and `tied` are those of one class with fewer than v votes, or with v; `numbers` says how
    many classes have each size, `most` how many can tie.
    """
    able = np.array(numbers) @ tied.any(axis=1).astype(int)
    nodes, weights = np.polynomial.legendre.leggauss(min(most, int(able)) // 2 + 1)
    won = np.zeros_like(fewer)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factors = fewer + node * tied
        others = [one ** (number - 1) for one, number in zip(factors, numbers, strict=True)]
        wholes = [other * one for other, one in zip(others, factors, strict=True)]
        before = np.ones_like(fewer)
        after = np.ones_like(fewer)
        np.cumprod(wholes[:-1], axis=0, out=before[1:])
        np.cumprod(wholes[:0:-1], axis=0, out=after[-2::-1])
        won += weight * np.array(numbers)[:, None] * tied * before * after * others
    return won


@lru_cache(maxsize=4096)
def _binomial(trials: int, share: float) -> np.ndarray:
    from scipy.stats import binom  # its import takes half a second

    drawn = binom.pmf(np.arange(trials + 1), trials, share)
    drawn.flags.writeable = False  # it is shared
    return drawn
