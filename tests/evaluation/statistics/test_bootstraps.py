"""Bootstraps against enumeration of every resample, and the two-way interval by hand."""

from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.evaluation.statistics.bootstrap import bootstrap, bootstrap_clusters, expanded_tail
from whet.evaluation.statistics.crossed import crossed
from whet.evaluation.statistics.nested_bootstrap import bootstrap_hierarchical, bootstrap_two_stage
from whet.evaluation.statistics.student import t_interval
from whet.types import UsageError

FEW = [0.1, 0.9, 0.4, 0.45, 0.75, 0.2]


def ends(found):
    return found.low, found.high


def test_the_tail_of_the_expanded_interval_by_hand():
    """N = 8: √(8 / 7) 2.3646 = 2.5279 deviations; N = 5: √(5 / 4) 2.7764 = 3.1042."""
    assert expanded_tail(8) == pytest.approx(0.00574, abs=1e-5)
    assert expanded_tail(5) == pytest.approx(0.00095, abs=1e-5)
    assert expanded_tail(100_000) == pytest.approx(0.025, abs=1e-5)


def test_the_bootstrap_has_the_quantiles_of_every_resample():
    every = np.mean(list(product(FEW, repeat=6)), axis=1)
    tail = expanded_tail(6)
    found = bootstrap(FEW, seed=3)
    assert ends(found) == pytest.approx(tuple(np.quantile(every, (tail, 1 - tail))), abs=0.03)
    assert found.value == pytest.approx(sum(FEW) / 6)


def test_of_many_values_it_is_students_interval():
    values = np.random.default_rng(0).normal(size=300)
    assert ends(bootstrap(values)) == pytest.approx(ends(t_interval(values)), abs=0.015)


@settings(max_examples=10)
@given(st.permutations(range(6)))
def test_no_bootstrap_depends_on_the_order(order):
    names = ["a", "a", "b", "c", "c", "c"]
    samples = [[x, 1 - x, 0.5] for x in FEW]
    shuffled = [FEW[i] for i in order]
    assert bootstrap(shuffled) == bootstrap(FEW)
    assert bootstrap_clusters(shuffled, [names[i] for i in order]) == bootstrap_clusters(FEW, names)
    turned = [samples[i][::-1] for i in order]
    assert ends(bootstrap_two_stage(turned)) == ends(bootstrap_two_stage(samples))


def test_a_bootstrap_follows_its_seed():
    assert bootstrap(FEW, seed=1) == bootstrap(FEW, seed=1) != bootstrap(FEW, seed=2)


def test_clusters_are_drawn_whole():
    """Ten copies of each of six values tell no more than the six."""
    names = [str(i) for i in range(6) for _ in range(10)]
    found = bootstrap_clusters(np.repeat(FEW, 10), names)
    every = np.mean(list(product(FEW, repeat=6)), axis=1)
    tail = expanded_tail(6)
    assert ends(found) == pytest.approx(tuple(np.quantile(every, (tail, 1 - tail))), abs=0.01)
    alone = bootstrap(np.repeat(FEW, 10))
    assert found.width > 2 * alone.width


def test_a_mean_over_clusters_counts_every_problem_once():
    """Three problems of 1 and one of 0: draws of two clusters give 1, ¾ or 0."""
    found = bootstrap_clusters([1.0, 1.0, 1.0, 0.0], ["x", "x", "x", "y"])
    assert (found.value, found.low, found.high) == (0.75, 0.0, 1.0)


def test_clusters_that_are_no_clusters_are_refused():
    with pytest.raises(UsageError, match="clusters"):
        bootstrap_clusters([0.1, 0.2], ["a", "a"])
    with pytest.raises(UsageError, match="clusters"):
        bootstrap_clusters([0.1, 0.2], ["a"])


@pytest.mark.parametrize("method", [bootstrap_two_stage, bootstrap_hierarchical])
def test_two_stages_have_the_quantiles_of_every_double_resample(method):
    """Two groups of two: 4 draws of groups, 4 of each group's values."""
    groups = [[0.0, 0.3], [0.5, 1.1]]
    every = [
        (np.mean(one) + np.mean(other)) / 2
        for first, second in product(groups, repeat=2)
        for one, other in product(product(first, repeat=2), product(second, repeat=2))
    ]
    found = method(groups)
    assert len(every) == 64
    assert ends(found) == pytest.approx(tuple(np.quantile(every, (0.025, 0.975))), abs=1e-9)
    assert found.value == pytest.approx(0.475)


def test_the_second_stage_adds_the_noise_of_sampling_once_more():
    """Chances ½ everywhere, 4 samples: all variance is within, and the width grows by √2."""
    samples = (np.random.default_rng(0).random((200, 4)) < 0.5).astype(float)
    widths = bootstrap_two_stage(list(samples)).width, bootstrap(samples.mean(1)).width
    assert widths[0] / widths[1] == pytest.approx(sqrt(1 + 3 / 4), abs=0.1)


def test_seeds_and_problems_by_hand():
    """Rows 1 and 3, columns 1 and 3, no residual: variance 1 + 1, degrees 4 / (1 + 1) = 2."""
    found = crossed({1: {"a": 0.0, "b": 2.0}, 2: {"a": 2.0, "b": 4.0}})
    half = 4.302653 * sqrt(2)
    assert (found.value, *ends(found)) == pytest.approx((2, 2 - half, 2 + half))
    point = crossed({1: {"a": 0.5, "b": 0.5}, 2: {"a": 0.5, "b": 0.5}})
    assert ends(point) == (0.5, 0.5)


def test_problems_that_all_seeds_share_are_not_averaged_away():
    """Equal seeds: the interval is that of the problems, which the seeds' own leaves out."""
    row = {str(i): x for i, x in enumerate(FEW)}
    found = crossed(dict.fromkeys(range(8), row))
    assert ends(found) == pytest.approx(ends(t_interval(FEW)))


def test_crossed_covers_new_seeds_and_new_problems():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        table = 0.05 * rng.normal(size=(8, 1)) + 0.2 * rng.normal(size=(1, 40))
        table = table + 0.3 * rng.normal(size=(8, 40))
        named = {s: {str(p): float(x) for p, x in enumerate(row)} for s, row in enumerate(table)}
        found = crossed(named)
        hits += found.low <= 0 <= found.high
    assert 0.91 <= hits / 200 <= 0.99


@pytest.mark.parametrize(
    ("seeds", "field"),
    [
        ({}, "seeds"),
        ({1: {"a": 0.1, "b": 0.2}}, "seeds"),
        ({1: {"a": 0.1, "b": 0.2}, 2: {"a": 0.1}}, "problems"),
        ({1: {"a": 0.1}, 2: {"a": 0.1}}, "seeds"),
        ({1: {"a": 0.1, "b": float("nan")}, 2: {"a": 0.1, "b": 0.2}}, "seeds"),
    ],
)
def test_tables_with_holes_are_refused(seeds, field):
    with pytest.raises(UsageError, match=field):
        crossed(seeds)
