"""Missing verdicts: the range that they leave, against every completion of them."""

from itertools import combinations, product
from math import isfinite, isnan, sqrt

import numpy as np
import pytest
from verdict_table import FAULT, GREEDY, REFUSED, RIGHT, WRONG, evaluated, scored

from whet.evaluation.bounds import Bounds, mean_bounds, pass_bounds
from whet.evaluation.intervals import estimate, estimate_within
from whet.types import Reason, UsageError, Verdict

Z = 1.959963984540054


def wilson(hits, count):
    """The two p at which the observed share s is Z errors away: n (s − p)² = Z² p (1 − p)."""
    share = hits / count
    equation = [count + Z**2, -(2 * count * share + Z**2), count * share**2]
    return pytest.approx(tuple(sorted(np.roots(equation).real)), abs=1e-7)


def passes(replies, k):
    """The share of all sets of k replies with a correct one."""
    sets = list(combinations(replies, k))
    return sum(map(any, sets)) / len(sets)


def completions(replies):
    """Every way to fill in the missing verdicts of a list."""
    for chosen in product((False, True), repeat=replies.count(None)):
        fill = iter(chosen)
        yield [next(fill) if reply is None else reply for reply in replies]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("replies", list(product((True, False, None), repeat=4)), ids=str)
def test_pass_at_k_lies_between_its_completions_and_meets_both_ends(replies, k):
    known = [reply for reply in replies if reply is not None]
    found = pass_bounds(known, 4 - len(known), k)
    every = [passes(filled, k) for filled in completions(list(replies))]
    assert (found.least, found.most) == pytest.approx((min(every), max(every)))
    if len(known) >= k:
        assert found.value == pytest.approx(passes(known, k))
    else:
        assert isfinite(found.value) == (min(every) == max(every))
    assert isnan(found.value) or found.least <= found.value <= found.most


def test_the_mean_of_problems_lies_between_its_completions():
    problems = [[True, None, False], [None, None, False], [True, True, True], [False] * 3]
    bounds = []
    for replies in problems:
        known = [reply for reply in replies if reply is not None]
        bounds.append(pass_bounds(known, 3 - len(known), 2))
    found = estimate_within(bounds)
    every = [
        sum(passes(replies, 2) for replies in filled) / 4
        for filled in product(*map(list, map(completions, problems)))
    ]
    assert (found.least, found.most) == pytest.approx((min(every), max(every)))
    assert (found.problems, found.of) == (3, 4)  # one verdict is too few for a set of two
    for share in every:
        assert found.low <= share <= found.high


def test_ten_problems_five_solvable_three_timeouts():
    """pass@16: 5 known right, 2 known wrong, 3 unknown: from 5/10 to 8/10, never "0.714 of 7"."""
    card = evaluated(
        lambda problem, sample: (
            RIGHT if problem < 5 else FAULT if problem < 8 and sample == 3 else WRONG
        )
    )
    found = card.pass_at[16]
    assert (found.problems, found.of) == (7, 10)
    assert (found.least, found.most) == pytest.approx((0.5, 0.8))
    assert found.value == pytest.approx(5 / 7)
    assert found.low == pytest.approx(0.2366, abs=1e-4)  # Wilson's lower end of 5 in 10
    assert found.high == pytest.approx(0.9433, abs=1e-4)  # Wilson's upper end of 8 in 10
    first = card.pass_at[1]
    assert (first.value, first.problems) == (0.5, 10)
    assert (first.least, first.most) == pytest.approx((0.5, 0.5 + 3 / 160))
    assert card.greedy.exact and card.faults == 3
    (missing,) = card.often.missing
    assert (missing.reason, missing.count) == ("verifier_error", 3)
    assert "TimeoutError" in missing.note


@pytest.mark.parametrize(("hits", "unknown"), [(0, 1), (5, 0), (5, 3), (7, 3), (0, 10)])
def test_the_interval_runs_from_all_wrong_to_all_right(hits, unknown):
    wrong = 10 - hits - unknown
    outcomes = [RIGHT] * hits + [FAULT] * unknown + [WRONG] * wrong
    found = evaluated(lambda problem, sample: outcomes[problem], samples=1, k=(1,)).greedy
    if unknown == 10:
        assert isnan(found.low) and isnan(found.value)
        return
    low, high = wilson(hits, 10).expected[0], wilson(hits + unknown, 10).expected[1]
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-7)


def test_a_fault_in_an_easy_problem_does_not_lower_the_value_below_its_least():
    """Known: 0 and 0.  The third problem has 15 of 16 right, and pass@16 is 1 either way."""
    card = evaluated(
        lambda problem, sample: (FAULT if sample == 0 else RIGHT) if problem == 2 else WRONG,
        problems=3,
    )
    assert card.pass_at[16].value == pytest.approx(1 / 3) and card.pass_at[16].exact
    found = estimate_within([Bounds(0.0, 0.0, 0.0), Bounds(float("nan"), 0.9, 1.0)])
    assert found.value == found.least == pytest.approx(0.45)


def test_a_fault_never_narrows_the_interval():
    """All right but for one missing verdict: the low end is that of ten in ten, or lower."""
    card = evaluated(lambda problem, sample: FAULT if (problem, sample) == (0, 0) else RIGHT)
    whole = evaluated(lambda problem, sample: RIGHT)
    for k in (1, 4, 16):
        assert card.pass_at[k].low <= whole.pass_at[k].low
        assert card.pass_at[k].high >= whole.pass_at[k].high


def test_a_missing_reward_of_zeros_and_ones_is_zero_or_one():
    """Two problems of two samples: 1 and a fault, 0 and 0: from 1/4 to 2/4."""
    table = {(0, 0): RIGHT, (0, 1): FAULT}
    card = evaluated(lambda *at: table.get(at, WRONG), problems=2, samples=2, k=(1,))
    found = card.reward.mean
    assert (found.value, found.least, found.most) == (0.5, 0.25, 0.5)
    assert (card.reward.samples, card.reward.asked) == (3, 4)
    assert not card.reward.limits.assumed


def test_a_missing_graded_reward_is_one_of_the_observed_ends():
    """Observed −2 … 6: (−2 + m)/2 of the first problem, 6 of the second."""
    table = {(0, 0): scored(-2.0), (0, 1): FAULT, (0, GREEDY): scored(0.0)}
    card = evaluated(lambda *at: table.get(at, scored(6.0)), problems=2, samples=2, k=(1,))
    assert (card.reward.limits.least, card.reward.limits.most) == (-2.0, 6.0)
    assert card.reward.limits.assumed
    found = card.reward.mean
    assert (found.value, found.least, found.most) == (2.0, 2.0, 4.0)
    assert mean_bounds([], 2, -2.0, 6.0)[1:] == (-2.0, 6.0)


def test_a_problem_that_the_reward_does_not_cover_is_counted_and_in_no_estimate():
    card = evaluated(lambda problem, _: REFUSED if problem < 4 else RIGHT if problem < 7 else WRONG)
    assert (card.problems, card.not_applicable) == (10, 4)
    for found in (card.greedy, card.pass_at[16], card.reward.mean):
        assert (found.value, found.problems, found.of) == (0.5, 6, 6) and found.exact
    assert (card.once.not_applicable, card.often.not_applicable) == (4, 4 * 16)
    assert card.faults == 0 and card.once.missing == ()


def test_a_reward_that_refuses_some_replies_of_a_problem_leaves_them_unknown():
    """Refusing the wrong replies only must not raise the score: 8 of 16 are right or unknown."""
    card = evaluated(lambda _, sample: REFUSED if sample % 2 else RIGHT, problems=1, k=(1, 16))
    assert (card.pass_at[1].least, card.pass_at[1].most) == (0.5, 1.0)
    assert card.not_applicable == 0
    assert [m.reason for m in card.often.missing] == ["not_applicable"]


def test_a_reward_without_correctness_leaves_accuracy_unknown():
    card = evaluated(lambda *_: scored(1.0))
    assert (card.reward.mean.value, card.reward.mean.problems) == (1.0, 10)
    for found in (card.greedy, *card.pass_at.values()):
        assert isnan(found.value) and (found.problems, found.of) == (0, 10)
        assert (found.least, found.most) == (0.0, 1.0)
    assert [m.reason for m in card.often.missing] == ["score_only"]


def test_rows_without_correctness_beside_rows_with_it():
    """Half of the problems have scores only: pass@1 of the others, and a range for all."""
    card = evaluated(lambda problem, _: scored(1.0) if problem % 2 else scored(0.3, correct=True))
    found = card.pass_at[1]
    assert (found.value, found.problems, found.of) == (1.0, 5, 10)
    assert (found.least, found.most) == (0.5, 1.0)


def test_no_verdict_at_all_is_refused():
    with pytest.raises(UsageError, match="no reward, and the environment gave no verdict"):
        evaluated(lambda *_: None)


def test_correct_replies_that_were_cut_off_are_counted():
    card = evaluated(
        lambda problem, sample: RIGHT if sample < 4 else WRONG,
        cut=lambda problem, sample: problem == 0 and sample in (GREEDY, 1, 2, 9),
    )
    assert (card.once.truncated, card.once.right, card.once.right_truncated) == (1, 10, 1)
    assert (card.often.truncated, card.often.right, card.often.right_truncated) == (3, 40, 2)
    assert card.truncated == 3 / 160


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNSAFE, Reason.TRUNCATED])
def test_a_program_that_runs_out_of_time_is_a_wrong_reply_and_no_fault(reason):
    card = evaluated(lambda *_: Verdict.failure(reason), problems=2, samples=2, k=(1,))
    assert card.greedy.exact and card.greedy.value == 0 and card.faults == 0


def test_wilson_by_its_own_equation():
    for count in (1, 2, 7, 40):
        for hits in range(count + 1):
            found = estimate([1.0] * hits + [0.0] * (count - hits))
            assert (found.low, found.high) == wilson(hits, count)
    centre = (0.5 + Z**2 / 20) / (1 + Z**2 / 10)
    half = Z * sqrt(0.025 + Z**2 / 400) / (1 + Z**2 / 10)
    found = estimate([1.0] * 5 + [0.0] * 5)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half))


def test_the_interval_of_nothing_is_nothing():
    found = estimate([])
    assert (found.problems, found.of) == (0, 0)
    assert all(map(isnan, (found.value, found.low, found.high, found.least, found.most)))
    alone = estimate([1.0])
    assert (alone.low, alone.high) == wilson(1, 1)
