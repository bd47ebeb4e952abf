"""What a reply does to its own answer, when it is settled, and how much is repeated."""

import re
from math import isnan

import pytest
from problem_records import N, R, W, problem

from whet.evaluation.metrics.correction import Announcement, correction, mean_answer_first
from whet.evaluation.metrics.early_answers import early_answer_area, mean_early_answer_area
from whet.evaluation.metrics.repetition import mean_unique_ngrams, unique_ngrams
from whet.types import UsageError


def announced(text):
    """Every `[…]` of a text."""
    return [Announcement(found[1], found.start()) for found in re.finditer(r"\[(\w+)\]", text)]


def judge(sample, answer):
    """`yes` is right, `no` wrong, and of anything else nothing is known."""
    return {"yes": True, "no": False}.get(answer)


def spoken(*texts, name="p"):
    return problem([N] * len(texts), name, text=list(texts))


def test_what_becomes_of_the_first_answer():
    held = spoken("[no] [yes]", "[no]", "[no] [other] [no]", "[yes] [no]", "[yes]", "none")
    found = correction([held], announced, judge)
    assert found.wrong_to_right.value == pytest.approx(1 / 3)
    assert found.right_to_wrong.value == pytest.approx(1 / 2)
    assert found.revised.value == pytest.approx(2 / 5)  # back to the first answer is no revision
    first, last = 2 / 5, 2 / 5
    assert last == pytest.approx(
        first * (1 - found.right_to_wrong.value) + (1 - first) * found.wrong_to_right.value
    )


def test_problems_without_such_replies_are_in_no_mean():
    held = [spoken("[no] [yes]"), spoken("[yes]", name="q"), spoken("none", name="r")]
    found = correction(held, announced, judge)
    assert (found.wrong_to_right.value, found.wrong_to_right.of) == (1.0, 1)
    assert (found.right_to_wrong.value, found.right_to_wrong.of) == (0.0, 1)
    assert found.revised.of == 2


def test_an_answer_without_a_verdict_leaves_both_rates_open():
    """The second reply may begin wrong, and ends right: wrong → right is from 0 of 1 to 1 of 2."""
    found = correction([spoken("[no]", "[odd] [yes]")], announced, judge)
    assert (found.wrong_to_right.least, found.wrong_to_right.most) == (0.0, 0.5)
    assert (found.right_to_wrong.least, found.right_to_wrong.most) == (0.0, 1.0)
    assert isnan(found.right_to_wrong.value)


def test_a_reply_that_answers_first():
    late, early = "because it is so it must be [yes]", "[yes] because it is so"
    found = mean_answer_first([spoken(late, early, "[no]", "none")], announced)
    assert found.value == pytest.approx(2 / 3)
    assert mean_answer_first([spoken(late)], announced, lead=1.0).value == 1.0
    with pytest.raises(UsageError, match="lead is 2"):
        mean_answer_first([spoken(late)], announced, lead=2)


def test_the_area_under_an_early_answer_curve():
    quarters = [0.0, 0.25, 0.5, 0.75, 1.0]
    assert early_answer_area(quarters, [1, 1, 1, 1, 1]) == 1.0  # the chain does not matter
    assert early_answer_area(quarters, [0, 0, 0, 0, 1]) == pytest.approx(1 / 8)
    assert early_answer_area(quarters, quarters) == pytest.approx(1 / 2)
    assert early_answer_area([0.5, 1.0], [0.2, 0.6]) == pytest.approx(0.4)  # over its own range


def test_a_forced_answer_that_is_not_known_widens_the_area():
    rows = [[[True, True, True], [False, None, True]]]
    found = mean_early_answer_area([0.0, 0.5, 1.0], rows)
    assert (found.least, found.value, found.most) == pytest.approx((0.625, 0.875, 0.875))


@pytest.mark.parametrize("fractions", [[], [0.5], [0.5, 0.5], [1.0, 0.0], [0.0, 1.5]])
def test_fractions_rise(fractions):
    with pytest.raises(UsageError, match="fractions"):
        early_answer_area(fractions, [0.5] * len(fractions))


@pytest.mark.parametrize("settled", [[0.5], [0.5, 2.0], [0.5, float("nan")]])
def test_each_fraction_has_a_share(settled):
    with pytest.raises(UsageError, match="settled"):
        early_answer_area([0.0, 1.0], settled)


def test_repetition_by_hand():
    assert unique_ngrams("abcabc", 3) == pytest.approx(3 / 4)  # abc, bca, cab, abc
    assert unique_ngrams("aaaaaa", 2) == pytest.approx(1 / 5)
    assert unique_ngrams(list(range(40))) == 1.0
    assert isnan(unique_ngrams("short"))
    with pytest.raises(UsageError, match="n is 0"):
        unique_ngrams("abc", 0)


def test_replies_too_short_to_repeat_are_not_counted():
    held = [problem([R, W, W], text=["a b a b", "x y z w", "a"]), problem([R], "q", text="a")]
    found = mean_unique_ngrams(held, 2)
    assert (found.value, found.of) == (pytest.approx((2 / 3 + 1) / 2), 1)
    assert mean_unique_ngrams(held, 1, split=list).of == 2
