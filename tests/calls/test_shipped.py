"""The tools that ship."""

import asyncio
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.calls.shipped.calc import calc
from whet.calls.shipped.lookup import Lookup
from whet.calls.toolbox import Toolbox
from whet.calls.tools import ToolError
from whet.types import Task, ToolCall, UsageError


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2*3", "7"),
        ("(1+2) * 3", "9"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "1/3"),
        ("-1/40", "-0.025"),
        ("1/3*3", "1"),
        ("-2**2", "-4"),
        ("(-2)**2", "4"),
        ("2**-1", "0.5"),
        ("2**3**2", "512"),
        ("-7//2", "-4"),
        ("-7%3", "2"),
        ("7 - -3", "10"),
        ("5. + .5", "5.5"),
        ("10**64", "1" + "0" * 64),
        ("0*5", "0"),
        ("2 - 3 - 4", "-5"),
        ("2 / 3 / 4", "1/6"),
    ],
)
def test_exact_values(expression, value):
    assert calc(expression) == value


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", "ends early"),
        ("1 +", "ends early"),
        ("(1", "a ) is missing"),
        ("1)", "')' was not expected"),
        ("1 2", "'2' was not expected"),
        ("* 2", "a number is missing before '*'"),
        ("1e5", "'e' is neither"),
        ("__import__('os')", "'_' is neither"),
        ("1,000", "',' is neither"),
        ("٣", "is neither"),
        ("1/0", "division by zero"),
        ("1 % (2-2)", "division by zero"),
        ("0**-1", "division by zero"),
        ("2**65", "an exponent is a whole number up to 64"),
        ("2**0.5", "an exponent is a whole number up to 64"),
        ("9**9**9", "an exponent is a whole number up to 64"),
        ("((10**64)**3)*(10**9)", "more than 200 digits"),
        ("9" * 201, "more than 200 digits"),
        ("1/" + "*".join(["10**64"] * 4), None),
        ("(" * 3_000, "longer than 2,000"),
        ("(" * 900, "nested more than 32 deep"),
        ("**".join(["1"] * 600), "nested more than 32 deep"),
        ("-" * 1_999 + "1", None),
        ("\ud800", "is neither"),
    ],
)
def test_what_is_not_computed(expression, told):
    if told is None:
        assert calc(expression)
        return
    with pytest.raises(ToolError, match=told.replace(")", r"\)").replace("(", r"\(")):
        calc(expression)


numbers = st.integers(0, 99).map(str) | st.decimals(0, 99, places=2).map(str)
expressions = st.recursive(
    numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=6,
)


def exact(expression):
    """The value by Python's own parser; used on expressions of this file only."""
    import re

    return eval(re.sub(r"[0-9.]+", r"Fraction('\g<0>')", expression), {"Fraction": Fraction})


@settings(max_examples=60)
@given(expressions)
def test_as_python_with_fractions(expression):
    try:
        wanted = exact(expression)
    except ZeroDivisionError:
        with pytest.raises(ToolError, match="division by zero"):
            calc(expression)
        return
    assert Fraction(calc(expression)) == wanted


TABLES = {"cities": {"Oslo": {"people": 700_000}, "Rome": {}}, "rivers": {"Oslo": "none"}}


def test_rows_of_a_task():
    task = Task(id="t", prompt="", info={"tables": TABLES})

    async def play():
        async with Toolbox.open([Lookup], task) as box:
            asked = [("lookup", {"key": "Oslo"}), ("lookup", {"key": "Osle"}), ("tables", {})]
            return await box.answer(tuple(ToolCall(name=n, arguments=a) for n, a in asked))

    assert [message["content"] for message in asyncio.run(play())] == [
        '{"cities": {"people": 700000}, "rivers": "none"}',
        "error: ToolError: no table has the key 'Osle'; did you mean 'Oslo'?",
        '{"cities": 2, "rivers": 1}',
    ]


@pytest.mark.parametrize("info", [{}, {"tables": 3}, {"tables": {"a": [1]}}])
def test_a_task_without_tables(info):
    with pytest.raises(UsageError, match=r"info\['tables'\] of task 't' is .*; give a mapping"):
        Lookup(Task(id="t", prompt="", info=info))
