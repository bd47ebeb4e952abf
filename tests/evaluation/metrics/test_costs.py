"""Tokens: accuracy within a budget, tokens of a right answer, lengths by difficulty."""

from itertools import chain, combinations
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_records import N, R, W, problem

from whet.evaluation.metrics.lengths import (
    difficulties,
    lengths_by_difficulty,
    mean_right_length,
    mean_truncated,
    mean_wrong_length,
    subset_mean_bounds,
)
from whet.evaluation.metrics.token_budget import budget_curve, mean_budget_area, tokens_per_right
from whet.types import Finish, UsageError

HELD = [
    problem([R, R, W, N], tokens=[10, 40, 20, 100]),
    problem([W, R, W, W], "q", tokens=[5, 30, 90, 90]),
]


def test_accuracy_within_a_budget():
    curve = budget_curve(HELD, [5, 10, 50, 200])
    assert [one.value for one in curve.values()] == pytest.approx([0, 1 / 8, 3 / 8, 11 / 24])
    assert curve[50].exact and not curve[200].exact  # a longer reply needs no verdict
    assert (curve[200].least, curve[200].most) == pytest.approx((3 / 8, 1 / 2))
    with pytest.raises(UsageError, match="budget is 0"):
        budget_curve(HELD, [0])


def test_the_area_is_the_integral_of_the_curve():
    """Σ over budgets of acc(b), by whole tokens: right from its own length on."""
    whole = [problem([R, R, W, R], tokens=[10, 40, 20, 100]), HELD[1]]
    for budget in (1, 25, 60, 400):
        curve = budget_curve(whole, range(1, budget + 1))
        steps = sum(one.value for b, one in curve.items() if b < budget) / budget
        assert mean_budget_area(whole, budget).value == pytest.approx(steps, abs=1e-12)
        if budget == 60:
            break
    with pytest.raises(UsageError, match="budget is 0"):
        mean_budget_area(whole, 0)


def test_the_area_of_a_reply_without_a_verdict():
    found = mean_budget_area(HELD, 200)
    second = (1 - 30 / 200) / 4
    known = (1 - 10 / 200) + (1 - 40 / 200)
    assert found.least == pytest.approx((known / 4 + second) / 2)
    assert found.most == pytest.approx(((known + 0.5) / 4 + second) / 2)
    assert mean_budget_area(HELD, 100).exact


def test_tokens_of_a_right_answer():
    found = tokens_per_right(HELD)
    assert (found.least, found.most) == (385 / 4, 385 / 3)
    assert found.value == pytest.approx(385 / 8 / (3 / 7))
    assert found.low < found.value < found.high
    none = tokens_per_right([problem([W, W], tokens=10)])
    assert (none.value, none.low, none.high) == (inf, inf, inf)
    assert isnan(tokens_per_right([problem([N, N], tokens=10)]).value)


@given(st.lists(st.integers(1, 9), max_size=4), st.lists(st.integers(1, 9), max_size=5))
def test_the_mean_of_some_numbers_and_perhaps_others(inside, perhaps):
    found = subset_mean_bounds(inside, perhaps)
    sizes = range(len(perhaps) + 1)
    subsets = chain.from_iterable(combinations(perhaps, size) for size in sizes)
    means = [np.mean([*inside, *some]) for some in subsets if inside or some]
    if found is None:
        assert not means
    else:
        assert (found.least, found.most) == pytest.approx((min(means), max(means)))
        assert isnan(found.value) or found.value == pytest.approx(np.mean(inside))


def test_lengths_of_right_and_wrong_replies():
    assert mean_right_length(HELD).value == pytest.approx((25 + 30) / 2)
    assert mean_wrong_length(HELD).value == pytest.approx((20 + 185 / 3) / 2)
    assert mean_right_length(HELD).most == pytest.approx((50 + 30) / 2)
    never = [problem([W], tokens=7), HELD[1]]
    assert (mean_right_length(never).value, mean_right_length(never).of) == (30.0, 1)


def test_quartiles_of_difficulty():
    """Eight problems: the wrong replies are long where the problem is hard."""
    held = [problem([R, W], str(at), tokens=[10, 10 * at]) for at in range(8)]
    found = lengths_by_difficulty(held, list(range(8)))
    assert [one.problems for one in found] == [2, 2, 2, 2]
    assert [(one.easiest, one.hardest) for one in found] == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert [one.right.value for one in found] == [10.0] * 4
    assert [one.wrong.value for one in found] == [5.0, 25.0, 45.0, 65.0]
    assert len(lengths_by_difficulty(held, [0.5] * 8)) == 1
    assert lengths_by_difficulty([], []) == ()
    with pytest.raises(UsageError, match="difficulty has 1 numbers for 8 problems"):
        lengths_by_difficulty(held, [0.5])
    with pytest.raises(UsageError, match="finite"):
        lengths_by_difficulty(held, [nan] * 8)


def test_the_difficulty_of_the_same_samples():
    found = difficulties([*HELD, problem([N], "r")])
    assert found[:2] == pytest.approx([1 / 3, 3 / 4]) and isnan(found[2])


def test_the_share_that_was_cut_off():
    ends = [Finish.LENGTH, Finish.STOP, Finish.CONTEXT, Finish.TURNS]
    found = mean_truncated([problem([R] * 4, finish=ends), problem([N] * 2, "q")])
    assert (found.value, found.of) == (0.25, 2) and found.exact
