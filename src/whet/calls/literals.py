"""Strict JSON parsing of model output, and comparison of argument values."""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][-+]?[0-9]{1,2})?")


def read(text: str) -> Any:
    """Parse JSON.

    Raises `ValueError` for invalid JSON, duplicate keys, NaN, infinity, and too deep nesting.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def same(one: Any, other: Any) -> bool:
    """True if two values mean the same to a tool.

    3, 3.0 and "3" are equal; text is trimmed and case-folded.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(plain := _plain(one)) is type(_plain(other)) and plain == _plain(other)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    text = str(value).strip()
    return Fraction(text) if _NUMBER.fullmatch(text) else text.casefold()
