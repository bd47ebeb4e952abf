"""maj@k: against all subsets, with ties, classes of answers and missing votes."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_records import N, R, W, problem

from whet.evaluation.metrics.answer_classes import answer_classes
from whet.evaluation.metrics.columns import vote_shares
from whet.evaluation.metrics.majority import majority_at_k, majority_chances, mean_majority_at_k
from whet.evaluation.metrics.tally import tally
from whet.types import UsageError


def by_enumeration(places, classes, k):
    """The chance of each class over all sets of k, ties split evenly, in fractions."""
    won = [Fraction(0)] * classes
    sets = list(combinations(places, k))
    for chosen in sets:
        votes = [sum(place == at for place in chosen) for at in range(classes)]
        best = [at for at in range(classes) if votes[at] == max(votes) > 0]
        for at in best:
            won[at] += Fraction(1, len(best))
    return [chance / len(sets) for chance in won]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=1, max_size=9), st.data())
def test_the_chances_are_those_of_all_sets(places, data):
    k = data.draw(st.integers(1, len(places)))
    sizes = [places.count(at) for at in range(4)]
    found = majority_chances(sizes, places.count(None), k)
    assert found == pytest.approx([float(p) for p in by_enumeration(places, 4, k)], abs=1e-12)


def test_ties_are_split_evenly():
    """Answers a, a, b, b with a right: ½ for every k."""
    for k in (1, 2, 3, 4):
        assert majority_at_k([2, 2], [1.0, 0.0], 0, k) == pytest.approx(0.5, abs=1e-12)
    found = mean_majority_at_k([problem([R, R, W, W], extracted=["a", "a", "b", "b"])], 4)
    assert found.value == pytest.approx(0.5, abs=1e-12)


def test_many_samples_as_drawn_at_random():
    """64 samples in nine classes, 9 without a vote: 40,000 sets of 16 at random."""
    sizes, blank, k = [20, 12, 12, 5, 2, 1, 1, 1, 1], 9, 16
    found = np.array(majority_chances(sizes, blank, k))
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    rng = np.random.default_rng(0)
    votes = rng.multivariate_hypergeometric([*sizes, blank], k, size=40_000)[:, :-1]
    best = votes == votes.max(axis=1, keepdims=True)
    simulated = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    assert np.abs(found - simulated).max() < 4 * 0.5 / 200


@pytest.mark.parametrize("k", [1, 3, 400, 1024])
def test_1024_samples(k):
    sizes = [500, 300, 100, *[1] * 24]
    found = majority_chances(sizes, 100, k)
    none = float(np.prod([(100 - i) / (1024 - i) for i in range(k)])) if k < 100 else 0.0
    assert sum(found) == pytest.approx(1 - none, abs=1e-11)
    if k == 1:
        assert found == pytest.approx([size / 1024 for size in sizes], abs=1e-13)
    if k == 1024:
        assert found == pytest.approx([1.0] + [0.0] * 26, abs=1e-12)


@pytest.mark.parametrize("k", [1, 100, 101, 1000, 1024])
def test_two_classes_of_1024_samples_in_whole_numbers(k):
    """P(x > y) + P(x = y) / 2 of a hypergeometric x, in fractions."""
    ways = {x: comb(530, x) * comb(494, k - x) for x in range(k + 1)}
    wins = sum(w * (2 if 2 * x > k else 1 if 2 * x == k else 0) for x, w in ways.items())
    wanted = float(Fraction(wins, 2 * comb(1024, k)))
    assert majority_chances([530, 494], 0, k) == pytest.approx([wanted, 1 - wanted], abs=1e-12)


def test_samples_without_an_answer_do_not_vote():
    """Two of four abstain: of the six pairs one has no vote, and is wrong."""
    held = problem([R, R, W, W], extracted=["a", "a", None, None])
    assert mean_majority_at_k([held], 2).value == pytest.approx(5 / 6, abs=1e-12)
    silent = problem([W, W], extracted=None)
    assert mean_majority_at_k([silent], 1).value == 0.0


def test_a_class_is_closed_under_its_pairs():
    """a–b and c–b join three answers, in whatever order the pair is asked."""
    near = {("a", "b"), ("c", "b")}
    found = answer_classes(["a", "d", None, "c", "b"], lambda one, other: (one, other) in near)
    assert found == [0, 1, None, 0, 0]
    spelled = ["1/2", "0.5", "2/4", "3"]
    assert answer_classes(spelled, lambda a, b: Fraction(a) == Fraction(b)) == [0, 0, 0, 1]
    assert answer_classes(spelled) == [0, 1, 2, 3]


def test_classes_by_a_verifier_change_the_vote():
    held = problem([R, R, W, W, W], extracted=["1/2", "0.5", "3", "3", "4"])
    same = lambda one, other: Fraction(one) == Fraction(other)  # noqa: E731
    assert mean_majority_at_k([held], 5).value == 0.0
    assert mean_majority_at_k([held], 5, same).value == pytest.approx(0.5)


def test_a_class_that_the_verifier_disagrees_on_is_right_by_its_share():
    held = problem([R, W, W], extracted=["a", "a", "a"])
    assert mean_majority_at_k([held], 2).value == pytest.approx(1 / 3)


def test_a_class_without_a_verdict_leaves_the_problem_open():
    """In one of the three pairs, b wins: that decision is not known."""
    held = problem([R, R, N], extracted=["a", "a", "b"])
    found = mean_majority_at_k([held], 2)  # a wins the pair of a's, and half of the two others
    assert (found.value, found.least, found.most) == pytest.approx((1.0, 2 / 3, 1.0))


def test_a_class_with_one_verdict_may_have_others():
    held = problem([R, N, N, W], extracted=["a", "a", "a", "b"])
    found = mean_majority_at_k([held], 4)
    assert (found.value, found.least, found.most) == pytest.approx((1.0, 1 / 3, 1.0))


def test_a_sample_with_neither_answer_nor_verdict_may_have_voted():
    """Half of the pairs are without it, and right; of the others nothing is known."""
    held = problem([R, R, R, N], extracted=["a", "a", "a", None])
    found = mean_majority_at_k([held], 2)
    assert (found.value, found.least, found.most) == pytest.approx((1.0, 0.5, 1.0))
    assert tally(held).unknown == 1
    assert mean_majority_at_k([held], 4).problems == 0


def test_the_order_of_samples_is_irrelevant():
    answers, verdicts = ["a", "b", "b", "c", None], [R, W, W, W, W]
    value = mean_majority_at_k([problem(verdicts, extracted=answers)], 3).value
    back = problem(verdicts[::-1], extracted=answers[::-1])
    assert mean_majority_at_k([back], 3).value == pytest.approx(value, abs=1e-14)


def test_the_share_of_votes_as_a_confidence():
    found = vote_shares([problem([R] * 4, extracted=["a", "b", "a", None])])[0]
    assert found[:3] == [0.5, 0.25, 0.5] and np.isnan(found[3])


@pytest.mark.parametrize("k", [0, 4])
def test_more_votes_than_samples_are_refused(k):
    with pytest.raises(UsageError, match=f"k is {k}"):
        majority_chances([2, 1], 0, k)
    with pytest.raises(UsageError, match=f"k is {k}"):
        mean_majority_at_k([problem([R, R, W], extracted=["a", "a", "b"])], k)
