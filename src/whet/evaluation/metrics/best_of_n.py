"""Best of n over problems: is the sample right that a scorer likes best?"""

from collections.abc import Sequence
from itertools import groupby
from math import comb, fsum, isfinite, isnan

from whet.evaluation.bounds import (
    UNKNOWN,
    Bounds,
    avoiding_bounds,
    count_bounds,
    decided_bounds,
    exactly,
)
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.metrics.columns import Columns, paired
from whet.evaluation.metrics.estimates import check_samples
from whet.evaluation.passk import check_drawn, pass_at_k
from whet.evaluation.samples import Problem, Sample
from whet.types import UsageError


def selection_chances(scores: Sequence[float], k: int) -> list[float]:
    """The chance of each of n samples to have the highest score among k that are drawn.

    The sample of rank r (from 1, ascending) wins C(r − 1, k − 1) of the C(n, k) sets.  Samples with
    equal scores share the sets that one of them wins: (C(b, k) − C(a, k)) / (b − a) each, for the
    ranks a + 1 to b.  Raises `UsageError` for k > n, and for a score that is not finite.
    """
    check_drawn(len(scores), 0, k)
    if not all(map(isfinite, scores)):
        raise UsageError("scores has a number that is not finite; leave its sample out")
    order = sorted(range(len(scores)), key=lambda at: scores[at])
    chances = [0.0] * len(scores)
    below = 0
    for _, tied in groupby(order, key=lambda at: scores[at]):
        group = list(tied)
        above = below + len(group)
        won = comb(above, k) - comb(below, k)
        for at in group:
            chances[at] = won / (len(group) * comb(len(scores), k))
        below = above
    return chances


def best_of_n(correct: Sequence[bool], scores: Sequence[float], k: int) -> float:
    """BoN@k = Σ_r correct_(r) C(r − 1, k − 1) / C(n, k), ties averaged: an expectation over sets.

    Raises `UsageError` for k > n, and for a score that is not finite.
    """
    chances = selection_chances(scores, k)
    return fsum(p for p, right in zip(chances, correct, strict=True) if right)


def mean_best_of_n(problems: Sequence[Problem], scores: Columns, k: int) -> Estimate:
    """The mean of BoN@k, with a scorer's number for each sample.

    It rises with every verdict that turns right: both ends are met.  The value is the share right
    of the selections that have a verdict.  A sample without a score (NaN) might be selected or not:
    of the sets with it nothing is known.  Raises `UsageError` for k > n.
    """
    pairs = paired(problems, scores)
    return estimate_within([_selected(problem, numbers, k) for problem, numbers in pairs])


def mean_oracle_gap(problems: Sequence[Problem], scores: Columns, k: int) -> Estimate:
    """The mean of pass@k − BoN@k: what a perfect scorer would add.

    With missing verdicts the gap of a problem is between the differences of the ends, cut to 0 and
    1: no completion is outside, but the ends need not be met.  Raises `UsageError` for k > n.
    """
    return estimate_within([_gap(problem, row, k) for problem, row in paired(problems, scores)])


def _gap(problem: Problem, scores: Sequence[float], k: int) -> Bounds:
    verdicts = [sample.correct for sample in problem.samples]
    known = [verdict for verdict in verdicts if verdict is not None]
    best = _selected(problem, scores, k)
    oracle = count_bounds(pass_at_k, known, len(verdicts) - len(known), k)
    value = oracle.value - best.value
    if oracle.least == oracle.most and best.least == best.most:
        return exactly(max(oracle.least - best.least, 0.0))
    least, most = max(oracle.least - best.most, 0.0), min(oracle.most - best.least, 1.0)
    return Bounds(value if isnan(value) else min(max(value, least), most), least, most)


def _selected(problem: Problem, scores: Sequence[float], k: int) -> Bounds:
    check_samples(problem, k)
    held = [at for at, score in enumerate(scores) if not isnan(score)]
    unknown = len(scores) - len(held)
    if len(held) < k:
        return UNKNOWN
    chances = selection_chances([scores[at] for at in held], k)
    right = [_verdict(problem.samples[at]) for at in held]
    return avoiding_bounds(decided_bounds(chances, right, 0.0), len(scores), unknown, k)


def _verdict(sample: Sample) -> Bounds:
    return UNKNOWN if sample.correct is None else exactly(float(sample.correct))
