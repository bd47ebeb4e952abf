"""No hint tells the answer, in whatever spelling it stands in the solution."""

import pytest

from whet.protocols import SamplingSetup
from whet.recipes.quickstart import quickstart
from whet.sampling.exploration.partial import PartialSolutions
from whet.types import Task

END = 0


def told(solution, answer, share=1.0, alternatives=()):
    """The hint as text, and as the text of its token ids, one per character."""
    task = Task(id="t", prompt="?", answer=answer, alternatives=alternatives)
    partial = PartialSolutions(
        SamplingSetup(
            corpus=quickstart().corpus,
            seed=0,
            steps=1,
            demonstrate=lambda _: solution,
            ids=lambda _, reply: (*map(ord, reply), END),
        )
    )
    return partial.text(task, share).text, "".join(map(chr, partial.tokens(task, share).ids))


SPELLINGS = {
    "1000": ["1,000", "1{,}000", r"1\,000", "1 000", "1000.0", "10^3", r"10^{3}", r"\$1,000"],
    "1,000": ["1000", "1000 dollars"],
    r"\frac{1}{2}": ["1/2", "0.5", ".5", "50%", r"\dfrac{1}{2}", r"\frac12", r"\tfrac 1 2", "½"],
    "0.75": [r"\frac{3}{4}", "3/4", r"75\%", ".75"],
    "-3": ["\N{MINUS SIGN}3", "x=-3", "-3.0", "x = - 3"],
    "3": ["\N{FULLWIDTH DIGIT THREE}", r"\boxed{3}", "x=3", "3.", "是3"],
    r"\boxed{7}": ["7", r"$7$"],
    "x + 1": ["x+1", "x  +  1", "X+1"],
    "x^2": ["x²", "x ^ 2"],
    "(1, 2)": ["(1,2)", r"\left(1, 2\right)"],
    "caf\u00e9": ["cafe\u0301", "CAF\u00c9"],
    "Stra\u00dfe": ["STRASSE"],
    "new york": ["New York", "New  York", "New\tYork"],
    r"\text{Paris}": ["Paris", r"\textbf{paris}"],
    r"$\sqrt{2}$": [r"\sqrt{2}", r"\(\sqrt{2}\)"],
    "y=5": ["5", "y = 5"],
}


@pytest.mark.parametrize(
    ("answer", "spelling"),
    [(answer, spelling) for answer, found in SPELLINGS.items() for spelling in found],
)
def test_an_answer_in_another_spelling_is_not_told(answer, spelling):
    for hint in told(f"First we think.\nSo it is {spelling} indeed.\nThat is all.\nend", answer):
        assert hint.strip() == "First we think."
    for hint in told(f"So it is {spelling} indeed", answer):  # all in one line
        assert hint.startswith("So it is") and spelling not in hint and "indeed" not in hint


def test_an_alternative_is_looked_for_in_other_spellings_too():
    assert told("We see.\nIt is 0.5 here.\nend", "a half", alternatives=("1/2",))[0] == "We see."


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("10", "100 and 210 and 0.1"),  # numbers within numbers
        ("12", "1 2 and 1  2"),  # digits apart
        ("1/2", "11/20"),
        ("cat", "concatenate"),
        ("-4", "14"),
        ("2.5", "25%"),
    ],
)
def test_what_only_looks_like_the_answer_is_told(answer, line):
    assert told(f"First.\n{line} so\nend", answer)[0] == f"First.\n{line} so"


def test_no_cut_through_a_number_leaves_the_answer():
    solution = "we have 42 of 40 and then more of it"
    for percent in range(101):
        for hint in told(solution, "4", percent / 100):
            assert not hint.endswith("4")
    assert told(solution, "4", 0.5)[1].startswith("we have 42")  # a whole number may stay


def test_an_answer_over_two_lines_is_not_told_whole():
    for hint in told("It is\nNew\nYork\nas said", "new york"):
        assert "York" not in hint
