"""Values inside calls: read strictly, compared as tools take them."""

import pytest

from whet.calls.literals import read, same


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (3, "3", True),
        (3, 3.0, True),
        ("3.0", 3, True),
        ("1e2", 100, True),
        (" Yes", "yes ", True),
        (True, 1, False),
        (True, "true", False),
        (None, None, True),
        (None, "", False),
        (0.1 + 0.2, 0.3, False),
        ("1e999", "inf", False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": "1"}, True),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_values_as_tools_take_them(one, other, equal):
    assert same(one, other) is equal
    assert same(other, one) is equal


@pytest.mark.parametrize("text", ["", "{", "NaN", "Infinity", '{"a":1,"a":1}', "[" * 99_999, "'a'"])
def test_what_is_no_json(text):
    with pytest.raises(ValueError):
        read(text)
