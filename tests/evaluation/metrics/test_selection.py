"""Weighted votes and best of n: against all subsets."""

from itertools import combinations, permutations
from math import exp, inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_records import N, R, W, problem

from whet.evaluation.metrics.best_of_n import (
    best_of_n,
    mean_best_of_n,
    mean_oracle_gap,
    selection_chances,
)
from whet.evaluation.metrics.columns import column
from whet.evaluation.metrics.majority import majority_chances
from whet.evaluation.metrics.pass_at_k import mean_pass_at_k
from whet.evaluation.metrics.weighted_majority import (
    Softmax,
    Summed,
    mean_weighted_majority_at_k,
    weighted_chances,
)
from whet.types import UsageError


def best(correct, scores, k):
    """The mean over all sets and all orders within them of the first sample of the top score."""
    sets = [p for chosen in combinations(range(len(scores)), k) for p in permutations(chosen)]
    return sum(correct[max(chosen, key=lambda at: scores[at])] for chosen in sets) / len(sets)


def test_best_of_n_by_hand():
    """Correctness in the order of the scores: C(1,1)/3 + C(2,1)/3 = 1, or 0; and 9 of 20."""
    assert best_of_n([W, R, R], [1, 2, 3], 2) == pytest.approx(1.0)
    assert best_of_n([R, W, W], [1, 2, 3], 2) == 0.0
    assert best_of_n([W, R, W, R, R, W], list(range(6)), 3) == pytest.approx(0.45)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=6), st.data())
def test_best_of_n_is_the_mean_over_all_sets(rows, data):
    k = data.draw(st.integers(1, len(rows)))
    correct, scores = [right for right, _ in rows], [float(score) for _, score in rows]
    assert best_of_n(correct, scores, k) == pytest.approx(best(correct, scores, k), abs=1e-12)
    assert sum(selection_chances(scores, k)) == pytest.approx(1.0, abs=1e-12)


def test_a_perfect_scorer_reaches_pass_at_k_and_a_blind_one_the_mean():
    held = [problem([R, W, W, R, W, W, W, W]), problem([W] * 7 + [R], name="q")]
    perfect = column(held, lambda sample: float(sample.correct))
    blind = column(held, lambda sample: 0.0)
    for k in (1, 3, 8):
        reach = mean_pass_at_k(held, k).value
        assert mean_best_of_n(held, perfect, k).value == pytest.approx(reach, abs=1e-12)
        assert mean_oracle_gap(held, perfect, k).value == pytest.approx(0.0, abs=1e-12)
        assert mean_best_of_n(held, blind, k).value == pytest.approx(3 / 16, abs=1e-12)
        assert mean_oracle_gap(held, blind, k).value == pytest.approx(reach - 3 / 16, abs=1e-12)


def test_a_selection_without_a_verdict_is_left_open():
    """The middle one is never the best of two with the first; it is in one pair of three."""
    held = [problem([W, N, R])]
    found = mean_best_of_n(held, [[1.0, 2.0, 3.0]], 2)
    assert (found.least, found.value, found.most) == pytest.approx((2 / 3, 1.0, 1.0))
    safe = mean_best_of_n([problem([N, W, R])], [[1.0, 2.0, 3.0]], 2)
    assert safe.exact and safe.value == pytest.approx(2 / 3)


def test_a_sample_without_a_score_may_be_selected():
    found = mean_best_of_n([problem([R, R, W])], [[1.0, 2.0, nan]], 2)
    assert (found.least, found.value, found.most) == pytest.approx((1 / 3, 1.0, 1.0))
    alone = mean_best_of_n([problem([R, R, W])], [[1.0, nan, nan]], 2)
    assert (alone.problems, alone.least, alone.most) == (0, 0.0, 1.0)


@pytest.mark.parametrize("metric", [mean_best_of_n, mean_weighted_majority_at_k])
def test_a_column_has_a_finite_number_for_each_sample(metric):
    held = [problem([R, W], extracted="a")]
    for wrong in ([], [[1.0]], [[1.0, inf]]):
        with pytest.raises(UsageError, match="column"):
            metric(held, wrong, 1)
    with pytest.raises(UsageError, match="k is 3, but problem 'p' has 2 samples"):
        metric(held, [[1.0, 2.0]], 3)


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(UsageError, match="scores"):
        best_of_n([R, W], [1.0, nan], 1)
    with pytest.raises(UsageError, match="score"):
        weighted_chances([0, 1], [1.0, inf], 1, Summed(), np.random.default_rng(0))


def weighted(places, weights, k):
    """The chances over all sets by their sums of weights, ties split evenly."""
    classes = 1 + max((p for p in places if p is not None), default=-1)
    won, sets = [0.0] * classes, list(combinations(range(len(places)), k))
    for chosen in sets:
        sums = [sum(weights[at] for at in chosen if places[at] == c) for c in range(classes)]
        top = [c for c in range(classes) if max(sums) > 0 and abs(sums[c] - max(sums)) < 1e-9]
        for c in top:
            won[c] += 1 / len(top) / len(sets)
    return won


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([None, 0, 1, 2]), st.integers(0, 4)), min_size=1, max_size=7
    ),
    st.data(),
)
def test_weighted_votes_over_all_sets(rows, data):  # fmt: skip
    k = data.draw(st.integers(1, len(rows)))
    places, weights = [place for place, _ in rows], [score / 10 for _, score in rows]
    rng = np.random.default_rng(0)
    found = weighted_chances(places, weights, k, Summed(), rng)
    assert found == pytest.approx(weighted(places, weights, k), abs=1e-12)
    shifted = weighted_chances(places, [w - 800 for w in weights], k, Softmax(temperature=2.0), rng)
    powers = [exp(weight / 2) for weight in weights]
    assert shifted == pytest.approx(weighted(places, powers, k), abs=1e-12)


def test_equal_weights_are_the_majority():
    places = [0, 0, 0, 1, 1, None, 2]
    for k in range(1, 8):
        found = weighted_chances(places, [0.3] * 7, k, Summed(), np.random.default_rng(0))
        assert found == pytest.approx(majority_chances([3, 2, 1], 1, k), abs=1e-12)


def test_a_low_softmax_weight_is_still_a_vote():
    """exp(−2000) is 0 in floating point; the softmax is over the voters of each set."""
    found = weighted_chances([0, 1], [0.0, -2000.0], 1, Softmax(), np.random.default_rng(0))
    assert found == [0.5, 0.5]


def test_random_sets_come_near_the_exact_value_and_depend_on_the_name_alone():
    """maj@15 of 30: 155 million sets.  Equal weights have an exact value to compare with."""
    answers = ["a"] * 13 + ["b"] * 14 + ["c"] * 3
    held = problem([R] * 13 + [W] * 17, name="x", extracted=answers)
    other = problem([R] * 13 + [W] * 17, name="y", extracted=answers)
    ones = [1.0] * 30
    found = mean_weighted_majority_at_k([held], [ones], 15).value
    assert found == pytest.approx(majority_chances([13, 14, 3], 0, 15)[0], abs=4 * 0.016)
    pair = mean_weighted_majority_at_k([other, held], [ones, ones], 15).value
    alone = mean_weighted_majority_at_k([other], [ones], 15).value
    assert pair == pytest.approx((found + alone) / 2, abs=1e-14) and alone != found


def test_a_vote_without_a_weight_is_unknown():
    held = problem([R, R, W], extracted=["a", "a", "b"])
    found = mean_weighted_majority_at_k([held], [[1.0, 1.0, nan]], 2)
    assert (found.least, found.value, found.most) == pytest.approx((1 / 3, 1.0, 1.0))
    silent = problem([R, R, W], extracted=["a", "a", None])  # its weight does not matter
    assert mean_weighted_majority_at_k([silent], [[1.0, 1.0, nan]], 2).exact


def test_negative_weights_are_refused_and_so_is_a_temperature_of_zero():
    held = problem([R, W], extracted=["a", "b"])
    with pytest.raises(UsageError, match="weight is -1"):
        mean_weighted_majority_at_k([held], [[-1.0, 1.0]], 1)
    assert mean_weighted_majority_at_k([held], [[-1.0, 1.0]], 2, Softmax()).value == 0.0
    for wrong in (0.0, -1.0, inf, nan):
        with pytest.raises(UsageError, match="softmax.temperature"):
            Softmax(temperature=wrong)
