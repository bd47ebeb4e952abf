"""Coverage curves and where two of them cross."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from problem_records import N, R, W, problem

from whet.evaluation.metrics.coverage import coverage_curve, powers
from whet.evaluation.metrics.crossing import Crossing, NoCrossing, crossing
from whet.evaluation.passk import pass_at_k
from whet.types import UsageError


def counted(counts, n=8):
    """Problems of n samples, so many of them right."""
    return [problem([R] * c + [W] * (n - c), name=str(at)) for at, c in enumerate(counts)]


def test_the_curve_is_pass_at_k_at_powers_of_two_and_at_n():
    held = counted([3, 0, 6], n=6)
    curve = coverage_curve(held)
    assert list(curve) == [1, 2, 4, 6]
    for k, found in curve.items():
        assert found.value == pytest.approx((pass_at_k(6, 3, k) + pass_at_k(6, 6, k)) / 3)
    assert coverage_curve([]) == {}
    assert powers(1) == [1] and powers(8) == [1, 2, 4, 8] and powers(9) == [1, 2, 4, 8, 9]


def test_the_curve_ends_with_the_shortest_problem():
    held = [*counted([1], n=8), problem([R, W], name="short")]
    assert list(coverage_curve(held)) == [1, 2]


def lead(first, second, k, n=8):
    """The difference of the mean pass@k, from the counts."""
    ours, theirs = ([pass_at_k(n, c, k) for c in counts] for counts in (first, second))
    return sum(ours) / len(first) - sum(theirs) / len(second)


@pytest.mark.parametrize("order", [1, -1])
def test_the_crossing_is_the_first_k_of_the_other_lead(order):
    """A model sure of half of the problems, and one that solves each now and then."""
    sharp, broad = [8, 8, 0, 0] * 8, [2, 2, 2, 2] * 8
    pair = (sharp, broad)[::order]
    found = crossing(counted(pair[0]), counted(pair[1]))
    signs = [lead(*pair, k) > 1e-12 for k in range(1, 9)]
    assert isinstance(found, Crossing)
    assert found.k == 1 + signs.index(not signs[0]) == 3
    assert found.leads == (1 if order == 1 else 2)
    assert found.low <= found.k <= found.high
    assert (found.most, found.problems, found.of) == (8, 32, 32)
    assert 0.95 < found.share <= 1


def test_equality_is_no_sign():
    """Both are right half of the time at k = 2, where the lead passes: k* is 3."""
    first, second = counted([4, 0], n=4), counted([1, 1], n=4)
    gaps = [lead([4, 0], [1, 1], k, n=4) for k in range(1, 5)]
    assert gaps[1] == 0 and gaps[0] > 0 > gaps[2]
    found = crossing(first, second)
    assert isinstance(found, Crossing) and found.k == 3


def test_no_crossing_is_a_type_of_its_own():
    found = crossing(counted([6, 4, 5]), counted([2, 1, 3]))
    assert found == NoCrossing(share=0.0, most=8, problems=3, of=3)
    same = crossing(counted([2, 1, 3]), counted([2, 1, 3]))
    assert isinstance(same, NoCrossing) and same.share == 0.0


def test_a_crossing_that_many_draws_do_not_have_is_open_above():
    """One broad problem in six makes the crossing: a draw without it has none."""
    found = crossing(counted([4] * 5 + [0]), counted([3] * 5 + [2]))
    assert isinstance(found, Crossing)
    assert found.high == inf and found.low <= found.k
    missed = (5 / 6) ** 6  # the chance of a draw without that problem
    assert found.share <= 1 - missed + 0.03


def test_the_interval_holds_the_crossing_of_the_population():
    """Problems of two kinds; k* of the population by its mixture, in 9 of 10 samples or more."""
    rng = np.random.default_rng(1)
    weights = {"sharp": ([16, 0], [0.45, 0.55]), "broad": ([2, 3], [0.5, 0.5])}
    curves = {
        name: [
            sum(w * pass_at_k(16, c, k) for c, w in zip(*mix, strict=True)) for k in range(1, 17)
        ]
        for name, mix in weights.items()
    }
    pairs = zip(curves["sharp"], curves["broad"], strict=True)
    truth = 1 + [one < other for one, other in pairs].index(True)
    held = 0
    for trial in range(40):
        sharp, broad = (rng.choice(mix[0], 60, p=mix[1]).tolist() for mix in weights.values())
        found = crossing(counted(sharp, 16), counted(broad, 16), seed=trial)
        held += isinstance(found, Crossing) and found.low <= truth <= found.high
    assert held >= 36


def test_problems_with_a_missing_verdict_are_not_compared():
    first = [*counted([8, 0]), problem([N] + [R] * 7, name="2")]
    found = crossing(first, counted([2, 2, 2]))
    assert (found.problems, found.of) == (2, 3)
    assert replace(found, of=2) == crossing(counted([8, 0]), counted([2, 2]))
    with pytest.raises(UsageError, match="0 of 1 problems"):
        crossing([problem([N, R])], [problem([R, R])])


def test_models_are_compared_on_the_same_problems():
    with pytest.raises(UsageError, match="problem 'a' is of one model only"):
        crossing([problem([R])], [problem([R]), problem([R], name="a")])
