"""Choices among recorded answers, and accuracy against tokens: hand numbers and brute force."""

from collections import Counter
from math import isnan, nan
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_records import N, R, W, completions, problem
from scipy.stats import beta

from whet.evaluation.metrics.majority import mean_majority_at_k
from whet.evaluation.test_time.best_of_n import BestOfN
from whet.evaluation.test_time.curve import multiplier, points, single_sample, within
from whet.evaluation.test_time.early_stop import EarlyStop, leading_posterior
from whet.evaluation.test_time.majority import MajorityChoice
from whet.evaluation.test_time.once import Once
from whet.evaluation.test_time.revision import Revision
from whet.evaluation.test_time.single import Single
from whet.evaluation.test_time.strategy import TestTime
from whet.evaluation.test_time.weighted_vote import WeightedVote
from whet.types import Finish, Reason, UsageError


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (4, 0), (3, 2), (9, 2), (40, 31)])
def test_the_posterior_is_the_tail_of_a_beta(first, second):
    assert leading_posterior(first, second) == pytest.approx(beta.sf(0.5, first + 1, second + 1))


def test_the_posterior_by_hand():
    """Of one vote 3/4; four of four are the first unanimous vote above 0.95."""
    assert leading_posterior(1, 0) == 0.75
    assert leading_posterior(3, 0) == 0.9375
    assert leading_posterior(4, 0) == 0.96875


def answered(answers, right="a", name="p", **columns):
    """A problem with these answers; "-" has no answer, "?" is not known to have one."""
    return problem(
        [N if a == "?" else a == right for a in answers],
        name=name,
        extracted=[None if a in "-?" else a for a in answers],
        reason=[Reason.VERIFIER_ERROR if a == "?" else Reason.OK for a in answers],
        **columns,
    )


def stopped(answers, lengths, k, confidence):
    """One order by itself, with scipy's Beta: the share right, and the tokens."""
    votes, tokens = Counter(), 0
    for answer, length in zip(answers[:k], lengths, strict=False):
        tokens += length
        if answer != "-":
            votes[answer] += 1
            top = [count for _, count in votes.most_common(2)]
            if beta.sf(0.5, top[0] + 1, (top[1] if len(top) > 1 else 0) + 1) >= confidence:
                break
    best = [a for a, count in votes.items() if count == max(votes.values())]
    return (sum(a == "a" for a in best) / len(best) if best else 0.0), tokens


@given(
    st.text("abc-", min_size=1, max_size=9),
    st.integers(1, 9),
    st.sampled_from([0.75, 0.9, 0.95]),
    st.randoms(use_true_random=False),
)
def test_early_stopping_is_the_mean_of_all_rotations(answers, k, confidence, rng):
    k, lengths = min(k, len(answers)), [rng.randint(1, 9) for _ in answers]
    held, choice = [answered(answers, tokens=lengths)], EarlyStop(confidence=confidence)
    both = [
        stopped(answers[i:] + answers[:i], lengths[i:] + lengths[:i], k, confidence)
        for i in range(len(answers))
    ]
    assert choice.accuracy(held, k).value == pytest.approx(fmean(x for x, _ in both))
    assert choice.tokens(held, k).value == pytest.approx(fmean(x for _, x in both))


def test_a_unanimous_vote_stops_after_four():
    held = [answered("aaaaaaaa", tokens=10)]
    assert EarlyStop().tokens(held, 8).value == 40
    assert MajorityChoice().tokens(held, 8).value == 80
    assert EarlyStop().accuracy(held, 8).value == 1


def test_a_vote_with_an_unknown_answer_is_unknown():
    """Two of the four orders stop before they meet it; its own tokens count in the others."""
    held = [answered("aa?a", tokens=1)]
    found = EarlyStop(confidence=0.8).accuracy(held, 4)
    assert (found.least, found.value, found.most) == (0.5, 1, 1)
    assert EarlyStop(confidence=0.8).tokens(held, 4).value == (2 + 4 + 4 + 2) / 4


@pytest.mark.parametrize(
    "choice", [Single(), MajorityChoice(), BestOfN(), WeightedVote(), EarlyStop()]
)
def test_a_missing_verdict_leaves_the_range_of_its_completions(choice):
    """An answer without a verdict votes; whatever the verdict is, the accuracy is in the range."""
    held = [
        problem(
            [R, N, W, W],
            extracted=["a", "b", "c", "c"],
            selection=[0.1, 0.9, 0.3, 0.4],
            reason=[Reason.OK, Reason.VERIFIER_ERROR, Reason.OK, Reason.OK],
            tokens=[3, 4, 5, 6],
        )
    ]
    for k in (1, 2, 4):
        found = choice.accuracy(held, k)
        filled = [choice.accuracy(one, k).value for one in completions(held)]
        assert found.least <= min(filled) + 1e-12 and max(filled) <= found.most + 1e-12
        assert choice.tokens(held, k) == choice.tokens(next(iter(completions(held))), k)


def rows_of(problems, strategy=""):
    from dataclasses import replace

    return [replace(s, strategy=strategy) for p in problems for s in p.samples]


def test_a_curve_is_a_function_of_its_rows():
    one = answered("aab", name="1", tokens=[10, 20, 30], finish=[Finish.STOP] * 2 + [Finish.LENGTH])
    two = answered("bba", name="2", tokens=[6, 6, 6])
    rows = [*rows_of([one, two]), *rows_of([answered("a", name="1", tokens=50)], "revision(1)")]
    found = points(rows, [TestTime(choice=MajorityChoice()), TestTime(attempt=Revision())])
    assert [(p.strategy, p.k, p.samples) for p in found] == [
        ("majority", 1, 6),
        ("majority", 2, 6),
        ("majority", 3, 6),
        ("revision(1)", 1, 1),
    ]
    assert [p.tokens.value for p in found] == [13, 26, 39, 50]
    assert found[0].accuracy.value == pytest.approx(0.5)
    assert found[2].accuracy == mean_majority_at_k([one, two], 3)
    assert [p.truncated for p in found] == [1, 1, 1, 0]
    assert single_sample(rows).tokens.value == 13


def test_greedy_rows_are_no_attempts():
    sampled = rows_of([answered("ab", tokens=1)])
    greedy = rows_of([answered("a", tokens=99, greedy=True)])
    assert points([*greedy, *sampled], [TestTime()]) == points(sampled, [TestTime()])


def test_the_multiplier_is_that_of_the_cheapest_point_with_the_gain():
    rows = rows_of([answered("aaaab", name="1", tokens=2), answered("aabbb", name="2", tokens=4)])
    base = single_sample(rows)
    curve = points(rows, [TestTime(choice=MajorityChoice())], ks=(1, 2, 3, 5))
    gains = [p.accuracy.value - base.accuracy.value for p in curve]
    assert base.accuracy.value == pytest.approx(0.6)
    assert gains == pytest.approx([0, 0, 0.05, -0.1])
    assert multiplier(curve, base, 0.049) == pytest.approx(3)
    assert multiplier(curve, base, 0.5) is None
    assert within(curve, 9).k == 3
    assert within(curve, 2.9) is None


def test_a_strategy_without_rows_or_scores_is_refused():
    rows = rows_of([answered("ab", tokens=1)])
    assert all(isnan(row.selection) for row in rows)
    with pytest.raises(UsageError, match="revision"):
        points(rows, [TestTime(attempt=Revision())])
    for choice in (BestOfN(), WeightedVote()):
        with pytest.raises(UsageError, match="step-model"):
            points(rows, [TestTime(choice=choice)])


def test_a_sample_without_a_score_leaves_best_of_n_open():
    held = [problem([R, W], selection=[nan, 0.5], tokens=1)]
    found = BestOfN().accuracy(held, 2)
    assert (found.least, found.most) == (0, 1)


def test_labels_tell_strategies_apart():
    mixed = TestTime(attempt=Revision(revisions=2), choice=MajorityChoice())
    assert mixed.label == "revision(2)+majority"
    assert TestTime(attempt=Once(), choice=MajorityChoice()).label == "majority"
    assert TestTime().label == "single"


@pytest.mark.parametrize("confidence", [0.4, 1.0, nan])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(UsageError, match="early_stop.confidence"):
        EarlyStop(confidence=confidence)
