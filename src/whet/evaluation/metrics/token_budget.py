"""Accuracy against decoded tokens: what a budget buys."""

from collections.abc import Mapping, Sequence
from math import inf, nan
from statistics import fmean

import numpy as np

from whet.evaluation.bounds import Bounds
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.columns import column
from whet.evaluation.metrics.estimates import Right, mean_count, mean_over
from whet.evaluation.metrics.pooled import SamplePool, pooled_estimate, pools
from whet.evaluation.passk import pass_at_k
from whet.evaluation.samples import Problem, Sample
from whet.types import UsageError


def right_within(budget: int) -> Right:
    """Whether a sample is right within a number of tokens; a longer one is not.

    Raises `UsageError` for a budget below 1.
    """
    if budget < 1:
        raise UsageError(f"budget is {budget} tokens; give 1 or more")
    return lambda sample: False if sample.length > budget else sample.correct


def budget_curve(problems: Sequence[Problem], budgets: Sequence[int]) -> Mapping[int, Estimate]:
    """acc(b) by budget b: the mean share of samples that are right within b tokens.

    The lengths are those at which the samples ended by themselves: a policy that is told to answer
    at b may have a higher accuracy.
    """
    return {b: mean_count(problems, pass_at_k, 1, right_within(b)) for b in budgets}


def mean_budget_area(problems: Sequence[Problem], budget: int) -> Estimate:
    """The area under acc(b) from 0 to B, over B:  (1/n) Σ right · max(0, 1 − tokens / B).

    Exact, without a grid.  From 0 to 1: right answers without tokens have 1.  It rises with each
    verdict that turns right, so both ends are met.  Raises `UsageError` for a budget below 1.
    """
    right_within(budget)
    return mean_over(problems, lambda problem: _area(problem, budget))


def tokens_per_right(problems: Sequence[Problem]) -> Estimate:
    """Decoded tokens of all samples, over their right answers; ∞ without any.

    With missing verdicts the value is tokens a sample over the share right of the judged ones.
    """
    lengths = column(problems, lambda sample: float(sample.length))
    return pooled_estimate(pools(problems, lengths), _price)


def _area(problem: Problem, budget: int) -> Bounds:
    left = [max(0.0, 1 - sample.length / budget) for sample in problem.samples]
    terms = [_term(*pair) for pair in zip(problem.samples, left, strict=True)]
    known = [term.value for term in terms if term.least == term.most]
    least, most = fmean(term.least for term in terms), fmean(term.most for term in terms)
    return Bounds(fmean(known) if known else nan, least, most)


def _term(sample: Sample, left: float) -> Bounds:
    least = left if sample.correct is True else 0.0
    most = 0.0 if sample.correct is False else left
    return Bounds(least if least == most else nan, least, most)


def _price(pool: SamplePool) -> Bounds:
    tokens, count = float(pool.numbers.sum()), len(pool.right)
    missing = int(np.isnan(pool.right).sum())
    right = float(np.nansum(pool.right))
    judged = count - missing
    value = _over(tokens * judged, right * count) if judged else nan
    return Bounds(value, _over(tokens, right + missing), _over(tokens, right))


def _over(tokens: float, right: float) -> float:
    return tokens / right if right else inf
