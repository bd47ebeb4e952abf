"""Absolute errors that a task allows, by hand and against all pairings."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.math.tolerance import parts, within


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("1,234", ["1,234"]),
        ("1, 2,3", ["1", "2", "3"]),
        ("(1,2),(3,4)", ["(1,2)", "(3,4)"]),
        (r"\frac{1,2}{3},x", [r"\frac{1,2}{3}", "x"]),
        ("x", ["x"]),
    ],
)
def test_pieces_stand_outside_of_brackets(text, pieces):
    assert parts(text) == pieces


@pytest.mark.parametrize(
    ("gold", "answer", "allowed", "near"),
    [
        ("4.2", "4.3", ["1e-1"], True),
        ("4.2", "4.1", ["0.1"], True),
        ("4.2", "4.301", ["0.1"], False),
        ("-4.2", "4.2", ["0.1"], False),
        ("5", "5.4", [0.5], True),
        (r"\frac{1}{3}", "0.33", ["0.01"], True),
        ("4.2", "4.2,4.2", ["0.1"], False),
        ("4.2", "x", ["0.1"], False),
        ("1,20", "21,1", ["0", "1"], True),
        ("1,20", "2,20", ["0", "1"], False),
        ("1,20", "2,19", ["1"], True),
        ("x,20", "x,20", ["1"], None),
        (r"4.2\text{ m}", r"4.2\text{ km}", ["1"], False),
    ],
)
def test_errors_by_hand(gold, answer, allowed, near):
    assert within(gold, answer, allowed) is near


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=5),
    st.data(),
)
def test_numbers_are_paired_if_any_pairing_is_near(golds, data):
    given_ = [data.draw(st.integers(0, 9)) for _ in golds]
    expected = any(
        all(abs(a - b) <= error for (a, error), b in zip(golds, order, strict=True))
        for order in permutations(given_)
    )
    gold, answer = (", ".join(f"{n}.0" for n in held) for held in ([a for a, _ in golds], given_))
    errors = [Fraction(error) for _, error in golds]
    assert within(gold, answer, errors) is expected


def test_the_reward_reads_them_and_counts_are_checked(rolled):
    judge = Math()
    assert judge.score(rolled(r"\boxed{4.3}", "4.2", abs_tol=["0.1"])).correct
    assert not judge.score(rolled(r"\boxed{4.3}", "4.2")).correct
    assert judge.score(rolled(r"\boxed{2x}", "x+x", abs_tol=["0.1"])).correct
    with pytest.raises(ValueError, match="abs_tol"):
        judge.score(rolled(r"\boxed{1,3}", "1,2", abs_tol=["1", "1", "1"]))
