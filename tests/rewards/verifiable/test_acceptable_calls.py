"""Calls of which several values are right: by hand, and against enumeration."""

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.acceptable_calls import AcceptableCalls
from whet.rewards.verifiable.acceptable_values import accepts
from whet.types import Finish, Reason

INTEGER, FLOAT, TEXT = ({"type": name} for name in ("integer", "float", "string"))
FLOATS = {"type": "array", "items": {"type": "float"}}
OBJECTS = {"type": "array", "items": {"type": "dict"}}
OBJECT, FLAG, ANY, PAIR = ({"type": name} for name in ("dict", "boolean", "any", "tuple"))


@pytest.mark.parametrize(
    ("options", "value", "schema", "right"),
    [
        ([10], 10, INTEGER, True),
        ([10], 10.0, INTEGER, False),
        ([10.0], 10.0, INTEGER, True),  # the type of the first option
        ([10], "10", INTEGER, False),
        ([1], True, INTEGER, False),
        (["n"], "n", INTEGER, True),  # the name of a variable
        (["n"], "N", INTEGER, False),
        ([3.0], 3, FLOAT, True),
        ([3], 3.0, FLOAT, True),
        ([3.0], "3.0", FLOAT, False),
        ([True], True, FLAG, True),
        ([True], 1, FLAG, False),
        (["April 1, 2024"], "april 1 2024", TEXT, True),
        (["it's"], 'it"s', TEXT, True),
        (["a b"], "ab", ANY, True),
        (["ab"], "ba", TEXT, False),
        (["ab", ""], "", TEXT, True),
        (["ab"], ["ab"], TEXT, False),
        ([[1.0, 2.0]], [1.0, 2.0], FLOATS, True),
        ([[1.0, 2.0]], [2.0, 1.0], FLOATS, False),
        ([[1.0, 2.0]], [1, 2], FLOATS, False),  # inside of a list an integer is no float
        ([[1, 2]], [1, 2], FLOATS, True),  # but of the type of the first item
        ([[1.0]], [1.0, 1.0], FLOATS, False),
        ([["New York"]], ["new york"], {"type": "array", "items": {"type": "string"}}, True),
        ([["x"], ""], [], {"type": "array", "items": {"type": "string"}}, True),
        ([["x"]], [], {"type": "array", "items": {"type": "string"}}, False),
        ([[1, 2]], [1, 2], PAIR, True),
        ([{"a": [1], "b": ["x", ""]}], {"a": 1}, OBJECT, True),
        ([{"a": [1], "b": ["x", ""]}], {"a": 1, "b": "X"}, OBJECT, True),
        ([{"a": [1], "b": ["x", ""]}], {"b": "x"}, OBJECT, False),
        ([{"a": [1]}], {"a": 1, "c": 1}, OBJECT, False),
        ([{"a": [1]}], {"a": 2}, OBJECT, False),
        ([[{"a": [1]}, {"a": [2]}]], [{"a": 1}, {"a": 2}], OBJECTS, True),
        ([[{"a": [1]}, {"a": [2]}]], [{"a": 2}, {"a": 1}], OBJECTS, False),
        ([], 1, INTEGER, False),
        ([3.0], 10**400, FLOAT, False),
        ([3.0], -(10**400), FLOAT, False),
    ],
)
def test_values_by_hand(options, value, schema, right):
    assert accepts(options, value, schema) is right


def one(name="f", **options):
    """A wanted call of integer arguments; an option "" says that an argument may be absent."""
    required = [key for key, values in options.items() if "" not in values]
    parameters = dict.fromkeys(options, INTEGER)
    return {"name": name, "arguments": options, "required": required, "parameters": parameters}


def said(*calls):
    return "".join(f"<tool_call>{json.dumps(call)}</tool_call>" for call in calls)


def call(name="f", **arguments):
    return {"name": name, "arguments": arguments}


@pytest.fixture(scope="session")
def judged(rolled):
    def judge(reply, *wanted, finish=Finish.STOP):
        return AcceptableCalls().score(
            rolled(reply, "", finish=finish, acceptable_calls=list(wanted))
        )

    return judge


@pytest.mark.parametrize(
    ("calls", "right"),
    [
        ([call(a=1, b=2)], True),
        ([call(a=1)], True),
        ([call(b=2)], False),
        ([call(a=1, c=3)], False),
        ([call("g", a=1)], False),
        ([call(a=1), call(a=1)], False),
        ([], False),
    ],
)
def test_one_call_by_hand(judged, calls, right):
    found = judged(f"<think>{said(call(a=9))}</think>{said(*calls)}", one(a=[1], b=[2, ""]))
    assert (found.correct, found.score) == (right, float(right))


def test_an_argument_may_be_required_although_it_has_no_right_value(judged):
    wanted = {**one(a=[1, ""]), "required": ["a"]}
    assert judged(said(call(a=1)), wanted).correct
    assert not judged(said(call()), wanted).correct


def test_an_argument_that_the_function_does_not_describe_is_refused(judged):
    wanted = {**one(a=[1], b=["", 2]), "parameters": {"a": INTEGER}}
    assert judged(said(call(a=1)), wanted).correct
    assert not judged(said(call(a=1, b=2)), wanted).correct


values = st.integers(0, 2)
wanted_lists = st.lists(
    st.builds(
        lambda a, b: one(a=a, b=b), *[st.lists(st.sampled_from([0, 1, 2, ""]), max_size=3)] * 2
    ),
    min_size=1,
    max_size=4,
)


@given(wanted_lists, st.data())
def test_calls_are_matched_if_any_order_matches(judged, wanted, data):
    drawn = st.dictionaries(st.sampled_from("ab"), values)
    found = [call(**data.draw(drawn)) for _ in wanted]

    def fits(given, held):
        return all(given.get(key, "") in held["arguments"][key] for key in "ab")

    expected = any(
        all(fits(given["arguments"], held) for given, held in zip(order, wanted, strict=True))
        for order in permutations(found)
    )
    assert judged(said(*found), *wanted).correct is expected


def test_where_no_call_is_wanted_a_call_is_wrong(judged):
    assert judged("I can't.").score == 1
    assert judged(said(call())).score == 0
    assert judged("I can", finish=Finish.LENGTH).reason is Reason.TRUNCATED
    assert judged("<tool_call>{").reason is Reason.BAD_FORMAT


def test_a_task_without_them_is_a_fault(rolled):
    assert AcceptableCalls().score(rolled("well")).fault


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "f"},
        3,
        {"name": "f", "arguments": {"a": 3}, "required": [], "parameters": {"a": INTEGER}},
        {"name": "f", "arguments": {"a": [3]}, "required": ["a"], "parameters": {}},
        {"name": "f", "arguments": {"a": [3]}, "required": ["b"], "parameters": {"a": INTEGER}},
        {"name": "f", "arguments": {"a": [3]}, "required": [], "parameters": {"a": {"type": "?"}}},
    ],
)
def test_an_entry_that_no_call_could_meet_is_a_fault(rolled, entry):
    verdict = AcceptableCalls().score(rolled(said(call()), acceptable_calls=[entry]))
    assert verdict.fault and "another form" in verdict.note
