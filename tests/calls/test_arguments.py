"""Arguments against schemas: what fits, what is told of the rest."""

from typing import Literal

import pytest

from whet.calls.arguments import ArgumentError, checked
from whet.calls.schemas import schema_of


def act(  # noqa: PLR0913  (an annotation of every kind)
    *,
    name: str,
    count: int = 0,
    share: float = 0.0,
    sure: bool = False,
    places: list[int] | None = None,
    unit: Literal["km", "mi", 1] = "km",
    free: dict | None = None,
    sizes: dict[str, float] | None = None,
):
    """Act.

    Args:
        name: A name.
        count: A count.
        share: A share.
        sure: A truth.
        places: Some places.
        unit: A unit.
        free: Anything.
        sizes: Some sizes.
    """


PARAMETERS = schema_of(act)["function"]["parameters"]


def nested(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {}),
        ({"count": 3.0}, {"count": 3}),
        ({"count": -(10**300)}, {"count": -(10**300)}),
        ({"share": 3}, {"share": 3}),
        ({"share": 1e-9}, {"share": 1e-9}),
        ({"places": [1, 2.0]}, {"places": [1, 2]}),
        ({"places": None}, {"places": None}),
        ({"unit": 1}, {"unit": 1}),
        ({"free": {"a": [1.0, None, {"b": True}]}}, {"free": {"a": [1.0, None, {"b": True}]}}),
        ({"free": {"a": nested(29)}}, {"free": {"a": nested(29)}}),
        ({"sizes": {"a": 1}}, {"sizes": {"a": 1}}),
    ],
)
def test_what_fits(given, wanted):
    found = checked(PARAMETERS, {"name": "x", **given})
    assert found == {"name": "x", **wanted}
    assert [type(one) for one in found.values()] == [str, *map(type, wanted.values())]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": 7}, "name is of type string, and 7 came"),
        ({"name": b"x"}, "name is of type string, and a bytes came"),
        ({"name": "\ud800"}, "name holds half a surrogate pair"),
        ({"name": "x" * 20_001}, "the arguments are longer than 20,000 characters"),
        ({"count": "3"}, 'count is of type integer, and "3" came'),
        ({"count": 3.5}, "count is of type integer, and 3.5 came"),
        ({"count": True}, "count is of type integer, and true came"),
        ({"count": None}, "count is of type integer, and null came"),
        ({"count": float("inf")}, "count is of type integer, and Infinity came"),
        ({"count": 1 << 20_000}, "count is of type integer, and an integer of 20,001 bits came"),
        ({"share": 1e999}, "share is of type number, and Infinity came"),
        ({"share": float("nan")}, "share is of type number, and NaN came"),
        ({"share": 1j}, "share is of type number, and a complex came"),
        ({"sure": 1}, "sure is of type boolean, and 1 came"),
        ({"sure": "x" * 50}, f'sure is of type boolean, and "{"x" * 40}…" came'),
        ({"places": 1}, "places is of type array of integer or null, and 1 came"),
        ({"places": [1, "2"]}, 'places[1] is of type integer, and "2" came'),
        ({"unit": "m"}, 'unit is of type string or integer (one of "km", "mi", 1), and "m" came'),
        ({"unit": True}, "unit is of type string or integer"),
        ({"free": []}, "free is of type object or null, and an array came"),
        ({"free": {1: 2}}, "free has key 1; keys are strings"),
        ({"free": {"a": {1, 2}}}, "free.a is of type any, and a set came"),
        ({"free": {"a": float("nan")}}, "free.a is of type any, and NaN came"),
        ({"free": {"a": nested(31)}}, "the arguments are nested more than 32 deep"),
        ({"sizes": {"a": "b"}}, 'sizes.a is of type number, and "b" came'),
        ({"shares": 1}, "there is no parameter 'shares'; did you mean 'share'? the parameters are"),
    ],
)
def test_what_does_not_fit(given, told):
    with pytest.raises(ArgumentError) as raised:
        checked(PARAMETERS, {"name": "x", **given})
    assert str(raised.value).startswith(told)


def test_a_missing_argument_is_named_with_its_type():
    with pytest.raises(ArgumentError, match="^name, of type string, is missing$"):
        checked(PARAMETERS, {"count": 1})


def test_the_given_containers_are_not_those_of_the_tool():
    given = {"name": "x", "places": [1], "free": {"a": [1]}}
    found = checked(PARAMETERS, given)
    found["places"].append(2)
    found["free"]["a"].append(2)
    assert given == {"name": "x", "places": [1], "free": {"a": [1]}}


def test_a_schema_from_elsewhere():
    free = {"type": "object"}
    assert checked(free, {"a": [1.0]}) == {"a": [1.0]}
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert checked(closed, {"a": None}) == {"a": None}
    with pytest.raises(ArgumentError, match="there is no parameter 'b'"):
        checked(closed, {"b": 1})


def test_true_is_not_one():
    schema = {"properties": {"n": {"type": ["integer", "boolean"], "enum": [1, False]}}}
    assert checked(schema, {"n": 1}) == {"n": 1}
    for wrong in (True, 0):
        with pytest.raises(ArgumentError, match="n is of type integer or boolean"):
            checked(schema, {"n": wrong})
