"""Intervals of one mean: proportions, Student's, logit, standard error."""

from math import comb, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.evaluation.intervals import estimate
from whet.evaluation.statistics.proportions import clopper_pearson, unseen, wilson
from whet.evaluation.statistics.standard_error import standard_error
from whet.evaluation.statistics.student import logit_t, t_interval
from whet.types import UsageError

T2 = 4.302653  # the 97.5 % quantile of Student's distribution with 2 degrees, from tables
SHARES = st.lists(st.sampled_from([i / 8 for i in range(9)]), min_size=3, max_size=12)


def tail(count, least, p):
    """P(at least so many hits)."""
    return sum(comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(least, count + 1))


def test_wilson_of_twelve_in_thirty():
    found = wilson(12, 30)
    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.246, 0.577), abs=5e-4)
    assert str(found) == "0.400 [0.246, 0.577]"


@pytest.mark.parametrize(("hits", "count"), [(1, 3), (12, 30), (29, 30), (3, 7)])
def test_the_exact_interval_ends_where_a_tail_has_two_and_a_half_percent(hits, count):
    found = clopper_pearson(hits, count)
    assert tail(count, hits, found.low) == pytest.approx(0.025)
    assert 1 - tail(count, hits + 1, found.high) == pytest.approx(0.025)


def test_the_exact_interval_reaches_the_edges():
    assert clopper_pearson(0, 9).low == 0 and clopper_pearson(9, 9).high == 1
    assert clopper_pearson(0, 9).high == pytest.approx(1 - 0.025 ** (1 / 9))


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_the_exact_interval_covers_by_enumeration_and_wilson_nearly_does(p):
    chances = [comb(30, k) * p**k * (1 - p) ** (30 - k) for k in range(31)]
    covered = {
        method: sum(
            chance
            for hits, chance in enumerate(chances)
            if method(hits, 30).low <= p <= method(hits, 30).high
        )
        for method in (wilson, clopper_pearson)
    }
    assert covered[clopper_pearson] >= 0.95
    assert covered[wilson] >= 0.935
    if p < 0.5:
        assert covered[wilson] == pytest.approx({0.02: 0.9783, 0.1: 0.9742}[p], abs=1e-4)


@pytest.mark.parametrize(
    ("hits", "count", "field"), [(1, 0, "count"), (-1, 3, "hits"), (4, 3, "hits")]
)
def test_proportions_that_cannot_be_are_refused(hits, count, field):
    for method in (wilson, clopper_pearson):
        with pytest.raises(UsageError, match=field):
            method(hits, count)


def test_values_that_were_never_seen_move_the_mean_by_their_share():
    """Of five problems: up to 3.8416 / (5 + 3.8416) = .4345 of all others may differ."""
    found = unseen(0.2, 5, least=-1.0, most=1.0)
    assert found.low == pytest.approx(0.2 - 0.4345 * 1.2, abs=1e-4)
    assert found.high == pytest.approx(0.2 + 0.4345 * 0.8, abs=1e-4)


def test_students_interval_by_hand():
    """1, 2, 3: mean 2, deviation 1."""
    found = t_interval([3.0, 1.0, 2.0])
    assert (found.low, found.high) == pytest.approx((2 - T2 / sqrt(3), 2 + T2 / sqrt(3)))
    point = t_interval([0.1] * 3)
    assert (point.low, point.value, point.high) == (0.1, 0.1, 0.1)


def test_the_logit_interval_by_hand():
    """¼, ½, ¾: mean ½, error 1 / (4 √3), slope 4: the logit is 0 ± T2 / √3."""
    found = logit_t([0.75, 0.25, 0.5])
    assert found.low == pytest.approx(1 / (1 + np.exp(T2 / sqrt(3))))
    assert found.low + found.high == pytest.approx(1) and found.value == 0.5


@given(SHARES)
def test_the_logit_interval_is_a_mirror_in_the_range_and_in_any_order(values):
    if min(values) == max(values):
        return
    found, mirrored = logit_t(values), logit_t([1 - x for x in values])
    assert 0 <= found.low < found.value < found.high <= 1
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high))
    assert logit_t(values[::-1]) == found
    arms = found.high - found.value, found.value - found.low
    assert (arms[0] >= arms[1] - 1e-12) == (found.value <= 0.5) or found.value == 0.5


def test_of_a_small_error_the_logit_interval_is_students():
    values = np.linspace(0.299, 0.301, 50)
    one, other = logit_t(values), t_interval(values)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-6)


@pytest.mark.parametrize("values", [[0.5, 1.5], [-0.1, 0.5], [0.3, 0.3], [0.0, 0.0]])
def test_the_logit_interval_refuses_what_has_no_logit(values):
    with pytest.raises(UsageError, match="values"):
        logit_t(values)


@given(st.permutations([0.1, 0.7, 0.30000000000000004, 0.2, 1.0, 0.55, 0.1]))
def test_an_estimate_does_not_depend_on_the_order_of_problems(values):
    scaled = [3 * x for x in values]
    assert estimate(values) == estimate(sorted(values))
    assert estimate(scaled) == estimate(sorted(scaled))


def test_the_standard_error_and_its_parts_by_hand():
    """Means ½ and 1: Var = 1/8.  Within: (¼ / 3 + 0) / 2 = 1/24.  Between: 1/12."""
    found = standard_error([[1.0, 1.0, 0.0, 0.0], [1.0] * 4])
    assert (found.error, found.within, found.between) == pytest.approx((0.25, 1 / 24, 1 / 12))
    assert found.with_samples(1.0) == pytest.approx(0.25)
    assert found.with_samples(1e9) == pytest.approx(sqrt(1 / 24), abs=1e-6)


def test_one_sample_leaves_the_parts_unknown():
    found = standard_error([[1.0], [0.0], [1.0, 0.0]])
    assert isnan(found.within) and isnan(found.between)
    assert found.error == pytest.approx(sqrt(0.25 / 3))


def test_the_parts_are_unbiased():
    """Chances from beta(1, 1): variance 1/12; mean of p (1 − p) is 1/6, of 4 samples 1/24."""
    rng = np.random.default_rng(0)
    found = [
        standard_error((rng.random((40, 4)) < rng.random((40, 1))).astype(float))
        for _ in range(200)
    ]
    assert np.mean([x.between for x in found]) == pytest.approx(1 / 12, abs=0.004)
    assert np.mean([x.within for x in found]) == pytest.approx(1 / 24, abs=0.001)
