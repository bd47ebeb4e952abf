"""Multiple choice: what is chosen, what is a bet, and what is only talk."""

from random import Random

import pytest

from whet.rewards.verifiable.choice import Choice
from whet.types import Finish, Reason

OPTIONS = ["40", "41", "42", "the sun"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (r"\boxed{C}", Reason.OK),
        (r"\boxed{\text{C}}", Reason.OK),
        (r"\boxed{(C) 42}", Reason.OK),
        (r"\boxed{42}", Reason.OK),
        ("<answer>C</answer>", Reason.OK),
        ("(C)", Reason.OK),
        ("Answer: C", Reason.OK),
        ("**Answer:** **C**", Reason.OK),
        ("Answer: C. It is the product.", Reason.OK),
        ("The answer is C", Reason.OK),
        ("A cat would choose C.", Reason.OK),
        ("C) 42", Reason.OK),
        ("<think>A or B</think>C", Reason.OK),
        ("I first thought of B\nbut it is C", Reason.OK),
        (r"\boxed{C} that is \boxed{42}", Reason.OK),
        (r"\boxed{B}", Reason.WRONG),
        (r"\boxed{(C) 41}", Reason.WRONG),
        (r"\boxed{(A) C}", Reason.WRONG),
        (r"\boxed{c}", Reason.OK),
        (r"\boxed{Ｃ}", Reason.WRONG),
        (r"\boxed{G}", Reason.WRONG),
        ("A and C", Reason.WRONG),
        ("Answer: A or C", Reason.WRONG),
        ("Answer: A C", Reason.WRONG),
        (r"\boxed{A} \boxed{C}", Reason.WRONG),
        ("A B C D", Reason.WRONG),
        ("A) 40\nB) 41\nC) 42\nD) the sun", Reason.NO_ANSWER),
        ("A cat", Reason.NO_ANSWER),
        ("a choice of options", Reason.NO_ANSWER),
        ("", Reason.NO_ANSWER),
        ("<think>C", Reason.TRUNCATED),
    ],
)
def test_replies(rolled, reply, reason):
    verdict = Choice().score(rolled(reply, "C", choices=OPTIONS))
    assert verdict.reason is reason, verdict
    assert verdict.score == float(reason is Reason.OK)


def test_the_answer_is_a_at_the_end_of_a_line(rolled):
    assert Choice().score(rolled("The answer is A", "A")).correct
    assert Choice().score(rolled("I choose (A) because", "A", choices=OPTIONS)).correct
    assert Choice().score(rolled("A man", "A")).reason is Reason.NO_ANSWER


def test_the_gold_answer_may_be_a_text(rolled):
    for reply in (r"\boxed{D}", "Answer: The Sun", "<answer>D. the sun</answer>"):
        assert Choice().score(rolled(reply, "the sun", choices=OPTIONS)).correct, reply
    assert not Choice().score(rolled("Answer: the moon", "the sun", choices=OPTIONS)).correct


def test_a_text_that_several_options_have_chooses_none(rolled):
    twice = ["40", "40", "42"]
    assert not Choice().score(rolled("Answer: 40", "A", choices=twice)).correct
    assert Choice().score(rolled("Answer: B", "40", choices=twice)).fault


def test_without_a_list_letters_reach_to_j(rolled):
    assert Choice().score(rolled(r"\boxed{J}", "J")).correct
    assert Choice().score(rolled(r"\boxed{K}", "K")).fault
    assert Choice().score(rolled("well", "", choices=OPTIONS)).fault
    assert Choice().score(rolled("well", "C", finish=Finish.LENGTH)).reason is Reason.TRUNCATED


def test_what_a_guess_earns_is_a_part(rolled):
    assert Choice().score(rolled("C", "C", choices=OPTIONS)).parts == {"chance": 0.25}


def test_eight_guesses_among_four_are_nearly_always_right_once(rolled):
    """1 − 0.75⁸ = 0.900."""
    rng = Random(0)
    groups, lucky, expected = 1000, 0, 1 - 0.75**8
    for _ in range(groups):
        guesses = [rf"\boxed{{{rng.choice('ABCD')}}}" for _ in range(8)]
        lucky += any(Choice().score(rolled(g, "C", choices=OPTIONS)).correct for g in guesses)
    assert expected == pytest.approx(0.900, abs=5e-4)
    assert lucky / groups == pytest.approx(expected, abs=0.03)
