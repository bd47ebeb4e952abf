"""Values inside calls: read strictly, compared as JSON Schema says."""

import pytest

from whet.calls.literals import read, same


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (3, 3.0, True),
        (3, "3", False),
        ("3.0", 3, False),
        ("007", "7", False),
        ("1e2", "100", False),
        (" Yes", "yes", False),
        ("yes", "yes", True),
        (2**53 + 1, float(2**53), False),
        (True, True, True),
        (True, 1, False),
        (1.0, True, False),
        (True, "true", False),
        (None, None, True),
        (None, "", False),
        ([], {}, False),
        (0.1 + 0.2, 0.3, False),
        ([1], [1, 2], False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_values_as_json_has_them(one, other, equal):
    assert same(one, other) is equal
    assert same(other, one) is equal


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "Infinity", "1e999", '{"a":1,"a":1}', "[" * 99_999, "'a'"]
)
def test_what_is_no_json(text):
    with pytest.raises(ValueError):
        read(text)
