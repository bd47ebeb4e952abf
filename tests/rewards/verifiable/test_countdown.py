"""Countdown's judge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.countdown import Countdown
from whet.types import Finish, Reason


def judged(rolled, reply, **info):
    return Countdown().score(rolled(reply, answer="", **info))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("3*7=21;21+5=26;#3*7+5", Reason.OK),
        ("# (5 + 3 * 7)", Reason.OK),
        ("#3*7+5=26", Reason.OK),
        ("#3*7+5 = 26", Reason.OK),
        ("#3*7+5=27", Reason.BAD_FORMAT),
        ("<answer>3*7+5</answer>", Reason.OK),
        ("### Thoughts\n<answer>3*7+5</answer>", Reason.OK),
        (r"so \boxed{3 \times 7 + 5}", Reason.OK),
        (r"\boxed{1} or \boxed{3 \cdot 7 + 5}", Reason.OK),
        ("#3×7+5", Reason.OK),
        ("#3*7+5 #3*7", Reason.WRONG),
        ("#3*7", Reason.WRONG),
        ("#26", Reason.WRONG),
        ("#5*5+1", Reason.WRONG),
        ("#-(-3)*7+5", Reason.OK),
        ("#3*7+5/(5-5)", Reason.WRONG),
        ("#3**7+5", Reason.BAD_FORMAT),
        ("#7//3+5", Reason.BAD_FORMAT),
        ("#3(7)+5", Reason.BAD_FORMAT),
        ("#3,7,5", Reason.BAD_FORMAT),
        ("#3*7+05", Reason.BAD_FORMAT),
        ("#3*7+5.0", Reason.BAD_FORMAT),
        ("#__import__('os').getpid()", Reason.BAD_FORMAT),
        ("#３*７+５", Reason.BAD_FORMAT),
        (f"#{'(' * 120}1{')' * 120}", Reason.WRONG),
        (f"#{'(' * 250}", Reason.BAD_FORMAT),
        (f"#{'-' * 250}3*7+5", Reason.OK),
        (f"#{'1+' * 200}1", Reason.BAD_FORMAT),
        ("3*7+5", Reason.NO_ANSWER),
        ("#", Reason.NO_ANSWER),
    ],
)
def test_replies(rolled, reply, reason):
    verdict = judged(rolled, reply, numbers=[3, 5, 7], target=26)
    assert verdict.reason is reason
    assert verdict.score == float(reason is Reason.OK)


def test_numbers_may_lie_only_where_the_task_says_so(rolled):
    given_numbers = {"numbers": [3, 8, 8, 9], "target": 24}
    assert not judged(rolled, "#3*8", **given_numbers).correct
    assert judged(rolled, "#3*8", **given_numbers, use_all=False).correct
    for cheat in ("#8*9-6*8", "#3*8*8/8"):
        assert not judged(rolled, cheat, **given_numbers, use_all=False).correct


def test_fractions_on_the_way_are_exact(rolled):
    assert judged(rolled, "#8/(3-8/3)", nums=[8, 3, 8, 3], target=24).correct


def test_other_column_names(rolled):
    assert judged(rolled, "<answer>3*7+5</answer>", nums=[3, 5, 7], target=26).correct
    assert judged(rolled, "#3*7+5", nums=["3", "5", "7"], target="26").correct


def test_a_task_without_numbers_is_a_fault(rolled):
    assert judged(rolled, "#3*7+5", target=26).fault


def test_who_is_cut_off_is_told_so(rolled):
    rollout = rolled("3*7=21;", finish=Finish.LENGTH, numbers=[3, 5, 7], target=26)
    assert Countdown().score(rollout).reason is Reason.TRUNCATED


@given(st.text(alphabet="0123456789+-*/() =#", max_size=40))
def test_nothing_raises_and_what_is_right_is_what_python_says(rolled, text):
    verdict = judged(rolled, f"#{text}", numbers=[3, 5, 7], target=26)
    if verdict.correct:
        shown = text.rpartition("#")[2].partition("=")[0]
        assert eval(shown) == pytest.approx(26)
