"""Weighted maj@k over problems: is the answer with the most weight right?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Protocol, runtime_checkable

import numpy as np

from whet.evaluation.bounds import UNKNOWN, Bounds
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.metrics.answer_classes import Same, equal
from whet.evaluation.metrics.columns import Columns, paired
from whet.evaluation.metrics.estimates import check_samples
from whet.evaluation.metrics.tally import tally
from whet.evaluation.passk import check_drawn
from whet.evaluation.samples import Problem
from whet.types import UsageError, seed_of

_ALL = 20_000  # sets of k samples that are all counted; of more, random ones
_SETS = 1000  # random sets: a standard error of at most 0.016 for one problem
_TIE = 1e-9  # relative difference of two sums of weights that rounding explains


@runtime_checkable
class Weighting(Protocol):
    """The weight of each vote, from the scores of the samples."""

    def __call__(self, scores: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Weights [sets, n] from scores [n] and the voters of each set [sets, n]; 0: no vote."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """w = the score itself, which must not be negative: a probability, or a confidence."""

    def __call__(self, scores: np.ndarray, members: np.ndarray) -> np.ndarray:
        if (scores < 0).any():
            raise UsageError(
                f"a weight is {scores.min()}, and a negative vote would count against its answer; "
                "give weights from 0 on, or Softmax(temperature=…)"
            )
        return np.where(members, scores, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """w = exp(score / τ) / Σ exp(score / τ), over the voters of a set."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise UsageError(f"softmax.temperature is {self.temperature}; give a number above 0")

    def __call__(self, scores: np.ndarray, members: np.ndarray) -> np.ndarray:
        logits = np.where(members, scores / self.temperature, -np.inf)
        top = logits.max(axis=1, keepdims=True)
        return np.exp(logits - np.where(np.isfinite(top), top, 0.0))


def weighted_chances(
    places: Sequence[int | None],
    scores: Sequence[float],
    k: int,
    weighting: Weighting,
    rng: np.random.Generator,
) -> list[float]:
    """The chance of each class to have the largest sum of weights in k samples, ties split evenly.

    `places` says the class of each sample; None: no vote.  All C(n, k) sets are counted up to
    20,000; of more, 1000 random ones.  Equal sums are those within 1e-9 of each other, relatively.
    Raises `UsageError` for k > n, and for a score that is not finite.
    """
    check_drawn(len(places), 0, k)
    voting = np.array([place is not None for place in places])
    values = np.where(voting, np.asarray(scores, dtype=np.float64), 0.0)
    if not np.isfinite(values).all():
        raise UsageError("a voting sample has a score that is not finite; leave its vote out")
    members = _sets(len(places), k, rng) & voting
    classes = 1 + max((place for place in places if place is not None), default=-1)
    belongs = np.array([[place == at for at in range(classes)] for place in places])
    sums = weighting(values, members) @ belongs.reshape(len(places), classes).astype(np.float64)
    best = sums.max(axis=1, initial=0.0, keepdims=True)
    winners = (sums >= best * (1 - _TIE)) & (best > 0)
    shares = winners / np.maximum(winners.sum(axis=1, keepdims=True), 1)
    return shares.mean(axis=0).tolist()


def mean_weighted_majority_at_k(
    problems: Sequence[Problem],
    weights: Columns,
    k: int,
    weighting: Weighting = Summed(),
    same: Same = equal,
) -> Estimate:
    """The mean of weighted maj@k: the class with the largest sum of weights is the answer.

    Random sets are drawn from a seed hashed from the problem's name, so that neither the order of
    the problems nor their number changes a value.  A vote whose weight is NaN is unknown, as in
    `Tally`.  Missing verdicts are completed as in maj@k.  Raises `UsageError` for k > n.
    """

    def bounds(problem: Problem, scores: Sequence[float]) -> Bounds:
        check_samples(problem, k)
        held = tally(problem, same, scores)
        if not held.known(k):
            return UNKNOWN
        rng = np.random.default_rng(seed_of("weighted majority", problem.name))
        kept = [scores[at] for at in held.samples]
        return held.right(weighted_chances(held.places, kept, k, weighting, rng), k)

    return estimate_within([bounds(*pair) for pair in paired(problems, weights)])


def _sets(count: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Sets of k of n as rows of a mask: all, or random ones."""
    if comb(count, k) <= _ALL:
        chosen = np.array(list(combinations(range(count), k)))
    else:
        chosen = rng.permuted(np.tile(np.arange(count), (_SETS, 1)), axis=1)[:, :k]
    mask = np.zeros((len(chosen), count), dtype=bool)
    np.put_along_axis(mask, chosen, values=True, axis=1)
    return mask
