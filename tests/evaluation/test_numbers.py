"""pass@k and its intervals."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.evaluation.intervals import bootstrap
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


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        estimate = bootstrap((rng.random(60) < 0.3).tolist(), seed=trial)
        hits += estimate.low <= 0.3 <= estimate.high
    assert 0.90 <= hits / 300 <= 0.99


def test_intervals_of_certainty_and_of_nothing():
    sure = bootstrap([1.0] * 9)
    assert (sure.value, sure.low, sure.high, sure.problems) == (1.0, 1.0, 1.0, 9)
    assert bootstrap([]).problems == 0
    assert np.isnan(bootstrap([]).value)
