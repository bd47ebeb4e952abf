"""Metrics of n samples with c right: against all subsets, and against exact fractions."""

from fractions import Fraction
from itertools import combinations
from math import comb, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_records import N, R, W, problem

from whet.evaluation.bounds import avoiding_bounds, conditional_bounds, exactly
from whet.evaluation.metrics.g_pass_at_k import (
    g_pass_at_k,
    mean_g_pass_at_k,
    mean_mg_pass_at_k,
    mg_pass_at_k,
)
from whet.evaluation.metrics.pass_all_k import mean_pass_all_k, pass_all_k
from whet.evaluation.metrics.pass_at_k import mean_average, mean_pass_at_k
from whet.evaluation.passk import pass_at_k
from whet.types import Reason, UsageError

SIZES = range(1, 9)


def counts(n):
    """Every number of right samples and of drawn ones."""
    return [(c, k) for c in range(n + 1) for k in range(1, n + 1)]


def hits(n, c, k):
    """The number of right samples in each set of k."""
    return [sum(at < c for at in chosen) for chosen in combinations(range(n), k)]


@pytest.mark.parametrize("n", SIZES)
def test_each_is_the_share_of_sets(n):
    for c, k in counts(n):
        found = hits(n, c, k)
        assert pass_at_k(n, c, k) == sum(h > 0 for h in found) / len(found)
        assert pass_all_k(n, c, k) == sum(h == k for h in found) / len(found)
        for tau in (0.25, 0.5, 2 / 3, 1.0):
            enough = sum(h >= tau * k - 1e-12 for h in found) / len(found)
            assert g_pass_at_k(n, c, k, tau=tau) == pytest.approx(enough, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 7, 512, 1023, 1024])
def test_pass_at_k_of_1024_samples_is_exact_for_every_count(k):
    """The product Π (1 − k/j) in fractions, grown by one factor for each further right sample."""
    failing, last = Fraction(1), -1.0
    for right in range(1025):
        if right:
            failing *= max(1 - Fraction(k, 1025 - right), Fraction(0))
        found = pass_at_k(1024, right, k)
        assert found == float(1 - failing)  # the nearest double
        assert last <= found <= 1
        last = found


def test_small_chances_keep_their_digits():
    assert pass_at_k(10**6, 1, 1) == 1e-6
    assert pass_at_k(10**9, 2, 3) == pytest.approx(6e-9, rel=1e-8)
    assert pass_all_k(1024, 512, 512) == 1 / comb(1024, 512) > 0


def test_the_examples_by_hand():
    assert [pass_at_k(10, 3, k) for k in (1, 5, 10)] == pytest.approx([0.3, 11 / 12, 1.0])
    assert pass_all_k(10, 8, 2) == pytest.approx(28 / 45)
    assert g_pass_at_k(4, 2, 4, tau=0.5) == 1.0
    assert g_pass_at_k(4, 2, 4, tau=0.51) == 0.0


def test_a_threshold_that_is_rounded_up_by_the_machine_is_not():
    """0.55 · 20 is 11.000000000000002 in floating point: eleven right ones are enough."""
    assert g_pass_at_k(20, 11, 20, tau=0.55) == 1.0


@pytest.mark.parametrize("n", [1, 2, 7, 40, 1024])
def test_the_thresholds_join_pass_at_k_and_pass_all_k(n):
    for c, k in [(0, 1), (1, n), (n // 2, (n + 3) // 4), (n - 1, n), (n, n)]:
        assert g_pass_at_k(n, c, k, tau=0.0) == pytest.approx(pass_at_k(n, c, k), abs=1e-12)
        assert g_pass_at_k(n, c, k, tau=1.0) == pytest.approx(pass_all_k(n, c, k), abs=1e-12)


@pytest.mark.parametrize("n", [1, 4, 7])
def test_mg_pass_at_k_is_the_integral_over_thresholds(n):
    """2 ∫ over τ from ½ to 1 of the step function, by the midpoints of 840 steps of 1/1680."""
    steps = np.array([0.5 + (at + 0.5) / 1680 for at in range(840)])
    for c, k in counts(n):
        found = np.array(hits(n, c, k))
        mean = (found[:, None] >= steps * k).mean()
        assert mg_pass_at_k(n, c, k) == pytest.approx(mean, abs=1e-9)


def test_mg_pass_at_k_is_the_sum_of_the_paper_where_k_is_even():
    published = 2 / 8 * sum(g_pass_at_k(16, 11, 8, tau=i / 8) for i in range(5, 9))
    assert mg_pass_at_k(16, 11, 8) == pytest.approx(published, abs=1e-12)
    assert mg_pass_at_k(5, 5, 3) == pytest.approx(1.0)


@given(st.integers(1, 200), st.data())
def test_pass_at_k_rises_and_pass_all_k_falls_with_k(n, data):
    right = data.draw(st.integers(0, n))
    some = [pass_at_k(n, right, k) for k in range(1, n + 1)]
    whole = [pass_all_k(n, right, k) for k in range(1, n + 1)]
    assert some == sorted(some) and whole == sorted(whole, reverse=True)
    assert some[0] == whole[0] == right / n
    assert whole[-1] <= right / n <= some[-1]


@pytest.mark.parametrize("metric", [pass_at_k, pass_all_k, mg_pass_at_k])
@pytest.mark.parametrize(("n", "c", "k"), [(4, 2, 5), (4, 2, 0), (0, 0, 1), (4, 5, 2), (4, -1, 2)])
def test_counts_that_cannot_be_are_refused(metric, n, c, k):
    with pytest.raises(UsageError, match="k is|right is"):
        metric(n, c, k)


@pytest.mark.parametrize("tau", [-0.1, 1.1, nan])
def test_a_threshold_is_a_share(tau):
    with pytest.raises(UsageError, match="tau is"):
        g_pass_at_k(4, 2, 2, tau=tau)


OVER_PROBLEMS = [
    mean_pass_at_k,
    mean_pass_all_k,
    mean_mg_pass_at_k,
    lambda problems, k: mean_g_pass_at_k(problems, k, 0.5),
]


@pytest.mark.parametrize("metric", OVER_PROBLEMS)
def test_more_samples_than_a_problem_has_are_refused(metric):
    with pytest.raises(UsageError, match="k is 5, but problem 'short' has 4 samples"):
        metric([problem([R] * 8), problem([R, N, N, W], name="short")], 5)


@pytest.mark.parametrize("metric", OVER_PROBLEMS)
def test_greedy_and_sampled_replies_are_not_mixed(metric):
    with pytest.raises(UsageError, match="problem 'p' has greedy and sampled replies"):
        metric([problem([R, W], greedy=[True, False])], 1)


def test_the_mean_is_over_problems_not_over_samples():
    found = mean_average([problem([R]), problem([W] * 3 + [R], name="q")])
    assert (found.value, found.problems, found.of) == (pytest.approx(5 / 8), 2, 2)
    assert found.exact


def test_a_problem_that_the_reward_does_not_cover_is_in_no_mean():
    """One that it covers in part is: otherwise refusing the wrong replies would raise the score."""
    refused = problem([N, N], name="q", reason=Reason.NOT_APPLICABLE)
    part = problem([R, N], name="r", reason=[Reason.OK, Reason.NOT_APPLICABLE])
    found = mean_average([problem([R, W]), refused, part])
    assert (found.problems, found.of) == (2, 2)
    assert (found.least, found.value, found.most) == (0.5, 0.75, 0.75)


def test_a_share_of_a_share_by_hand():
    """A: three known, one of which has B; one unknown A has B, another has not."""
    pairs = [(R, R), (R, W), (R, N), (N, R), (N, W), (W, R)]
    assert conditional_bounds(pairs) == (0.5, 1 / 4, 3 / 4)
    assert conditional_bounds([(W, R), (W, N)]) is None
    unknown = conditional_bounds([(N, R), (W, R)])
    assert unknown is not None and unknown[1:] == (0.0, 1.0) and unknown.value != unknown.value


def test_sets_that_avoid_an_unknown_sample():
    """Half of the pairs of four samples avoid one: 3 of 6."""
    assert avoiding_bounds(exactly(0.6), 4, 1, 2) == (0.6, 0.3, pytest.approx(0.8))
    assert avoiding_bounds(exactly(0.6), 4, 0, 2) == exactly(0.6)
    assert avoiding_bounds(exactly(0.6), 4, 3, 2)[1:] == (0.0, 1.0)
