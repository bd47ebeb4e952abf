"""Two models on the same problems: interval, sign flips, standing."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.evaluation.statistics.comparison import ModelStanding, compare
from whet.evaluation.statistics.paired import paired, paired_interval, sign_flip_p
from whet.evaluation.statistics.power import power_of
from whet.types import UsageError


def named(values):
    return {f"p{i}": float(x) for i, x in enumerate(values)}


def flipped(differences):
    """The share of all signs with a sum at least as far from 0, counted tail by tail."""
    sums = [
        sum(s * abs(d) for s, d in zip(signs, differences, strict=True))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    found = sum(differences)
    tails = (sum(s >= found - 1e-9 for s in sums), sum(s <= found + 1e-9 for s in sums))
    return min(1, 2 * min(tails) / len(sums))


@settings(max_examples=25)
@given(st.lists(st.sampled_from([-1.0, -0.25, 0.0, 0.125, 0.5, 0.7]), min_size=2, max_size=7))
def test_the_p_value_is_the_share_of_all_signs(differences):
    assert sign_flip_p(differences) == pytest.approx(flipped(differences))


def test_the_smallest_p_values():
    """All of one sign: 2 in 2^n; of 10 000 drawn signs none reaches it, and it counts itself."""
    assert sign_flip_p([0.1, 0.2, 0.3, 0.4]) == 2 / 16
    assert sign_flip_p(np.full(12, 0.5)) == 2 / 2**12
    assert sign_flip_p(np.linspace(1, 2, 30)) == pytest.approx(2 / 10_001)
    assert sign_flip_p([0.0] * 5) == 1.0


def test_the_p_value_is_uniform_between_equal_models():
    """Kolmogorov and Smirnov's distance of 300 p-values; the steps of 2 in 2^9 are small."""
    from scipy.stats import kstest

    rng = np.random.default_rng(0)
    found = [sign_flip_p(rng.normal(size=9)) for _ in range(300)]
    assert kstest(found, "uniform").pvalue > 0.01


@pytest.mark.full
def test_the_p_value_of_drawn_signs_is_uniform_too():
    from scipy.stats import kstest

    rng = np.random.default_rng(1)
    found = [sign_flip_p(rng.normal(size=40), seed=i) for i in range(500)]
    assert kstest(found, "uniform").pvalue > 0.01


def test_two_models_by_hand():
    model, baseline = [1.0, 1.0, 1.0, 0.5], [0.0, 1.0, 0.5, 0.0]
    found = paired(named(model), named(baseline))
    assert found.difference == 0.5 and found.problems == 4
    assert found.low < 0.5 < found.high
    assert found.p == pytest.approx(2 / 8)  # signs of three differences that are not 0
    sd = np.std([1.0, 0.0, 0.5, 0.5], ddof=1)
    assert power_of(found.resolvable / sd, 4) == pytest.approx(0.8)
    assert str(found).startswith("+0.500 [")


def test_swapped_models_and_other_orders():
    rng = np.random.default_rng(2)
    model, baseline = named(rng.random(40)), named(rng.random(40))
    one, other = paired(model, baseline), paired(baseline, model)
    assert one.difference == -other.difference
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=0.02)
    turned = dict(reversed(model.items()))
    assert paired(turned, baseline) == one


def test_equal_models_are_not_equal_for_certain():
    """No difference in 30 problems: as many as 3.84 / 33.84 of all others may have one."""
    found = paired(named([0.5] * 30), named([0.5] * 30))
    assert (found.difference, found.p, found.resolvable) == (0.0, 1.0, 0.0)
    assert (found.low, found.high) == pytest.approx((-0.1135, 0.1135), abs=1e-4)


def test_unseen_differences_reach_as_far_as_the_values():
    found = paired(named([-3.0] * 30), named([-3.0] * 30))
    assert found.high == pytest.approx(4 * 0.1135, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "baseline", "field"),
    [
        ({}, {}, "model"),
        ({"a": 1.0}, {"a": 0.0}, "model"),
        ({"a": 1.0, "b": 0.0}, {"a": 0.0, "c": 1.0}, "problems"),
        ({"a": 1.0, "b": 0.0}, {"a": 0.0}, "problems"),
        ({"a": 1.0, "b": float("nan")}, {"a": 0.0, "b": 1.0}, "model"),
        ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": float("inf")}, "baseline"),
    ],
)
def test_what_cannot_be_compared_is_refused(model, baseline, field):
    with pytest.raises(UsageError, match=field):
        paired(model, baseline)
    with pytest.raises(UsageError, match=field):
        compare(model, baseline)


def test_the_three_standings():
    weak, strong = (
        named([0.0, 0.1, 0.2, 0.0, 0.3, 0.1, 0.2]),
        named([0.5, 0.8, 0.6, 0.9, 1.0, 0.4, 0.9]),
    )
    assert compare(strong, weak).standing is ModelStanding.BETTER
    assert compare(weak, strong).standing is ModelStanding.WORSE
    assert compare(weak, weak).standing is ModelStanding.UNDECIDED
    assert str(compare(strong, weak)).startswith("better: +0.6")


def test_five_problems_decide_nothing():
    """All five are won, but 2 in 2^5 is above .05."""
    found = compare(named([0.9, 0.8, 1.0, 0.9, 0.7]), named([0.1, 0.1, 0.2, 0.0, 0.1]))
    assert found.paired.low > 0 and found.paired.p == 0.0625
    assert found.standing is ModelStanding.UNDECIDED


def test_equal_models_are_told_apart_in_at_most_one_of_twenty():
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(100):
        chance = rng.beta(0.3, 0.7, 8)
        pair = [named(rng.binomial(8, chance) / 8) for _ in range(2)]
        wrong += compare(*pair).standing is not ModelStanding.UNDECIDED
    assert wrong / 100 <= 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5


def test_the_paired_interval_covers_at_thirty_problems():
    rng = np.random.default_rng(4)
    hits = 0
    for trial in range(200):
        first, second = rng.beta(0.6, 1.4, 30), rng.beta(1, 1, 30)
        found = paired_interval((rng.binomial(8, second) - rng.binomial(8, first)) / 8, seed=trial)
        hits += found.low <= 0.2 <= found.high
    assert 0.91 <= hits / 200 <= 0.99
