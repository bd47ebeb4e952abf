"""pass@k and its intervals."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.evaluation.intervals import estimate
from whet.evaluation.passk import pass_at_k
from whet.types import UsageError


@pytest.mark.parametrize("n", range(1, 8))
def test_pass_at_k_is_the_share_of_subsets_with_a_hit(n):
    for right in range(n + 1):
        for k in range(1, n + 1):
            subsets = list(combinations(range(n), k))
            wanted = sum(min(subset) < right for subset in subsets) / len(subsets)
            assert pass_at_k(n, right, k) == pytest.approx(wanted)


def test_pass_at_k_by_hand():
    """N = 10, c = 3:  k = 5 gives 1 − C(7,5)/C(10,5) = 11/12, not 1 − 0.7⁵ = 0.832."""
    assert [pass_at_k(10, 3, k) for k in (1, 5, 10)] == pytest.approx([0.3, 11 / 12, 1.0])
    assert pass_at_k(1024, 1, 512) == pytest.approx(0.5)


@given(st.integers(1, 60), st.data())
def test_pass_at_k_rises_with_k_and_with_successes(n, data):
    right = data.draw(st.integers(0, n))
    curve = [pass_at_k(n, right, k) for k in range(1, n + 1)]
    assert curve == sorted(curve)
    assert curve[0] == pytest.approx(right / n)
    if right:
        assert pass_at_k(n, right, n) == 1.0
        assert pass_at_k(n, right, 1) > pass_at_k(n, right - 1, 1)


@pytest.mark.parametrize("k", [0, 5])
def test_attempts_that_were_not_made_are_refused(k):
    with pytest.raises(UsageError, match=f"k is {k} with 4 samples"):
        pass_at_k(4, 2, k)


@pytest.mark.parametrize("drawn", ["binary", "graded"])
def test_intervals_cover_the_truth_as_often_as_they_say(drawn):
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        values = rng.random(60) < 0.3 if drawn == "binary" else 0.6 * rng.random(60)
        found = estimate(values.tolist(), seed=trial)
        hits += found.low <= 0.3 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.0] * 5, 0.0, 0.4345),  # z² / (n + z²) with z = 1.96
        ([1.0] * 5, 0.5655, 1.0),
        ([1.0, 0.0, 0.0, 0.0, 0.0], 0.0362, 0.6245),  # Wilson's 1 in 5
        ([0.5] * 5, 0.5 - 0.4345 / 2, 0.5 + 0.4345 / 2),  # so many may be 0, or 1
        ([-1.0] * 5, -1.0, -1.0 + 0.4345 * 2),  # as many may be 1
        ([3.0] * 5, 3.0 - 0.4345 * 3, 3.0),  # as many may be 0
    ],
)
def test_no_interval_of_a_few_problems_is_a_point(values, low, high):
    found = estimate(values)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(sum(values) / 5)


def test_equal_but_for_rounding_is_equal():
    """Means of three times 0.1 and of ten times 0.1 differ in the last place."""
    found = estimate([sum([0.1] * 3) / 3, sum([0.1] * 10) / 10, 0.1])
    assert found.high - found.low > 0.3


def test_values_that_differ_have_students_interval_on_the_logit_scale():
    """M = 0.51, s = 0.3110, so the error of logit m is 0.1391 / 0.2499; t is 2.7764."""
    values = [0.1, 0.9, 0.4, 0.4, 0.75]
    found = estimate(values)
    logits = [np.log(end / (1 - end)) for end in (found.low, found.high)]
    assert np.mean(logits) == pytest.approx(np.log(0.51 / 0.49))
    assert np.diff(logits)[0] / 2 == pytest.approx(2.776445 * 0.141774 / 0.2499, rel=1e-4)
    assert found == estimate(values[::-1])


def test_of_nothing_nothing_is_estimated():
    nothing = estimate([])
    assert nothing.problems == 0
    assert np.isnan(nothing.value)
    assert str(nothing) == "–"
