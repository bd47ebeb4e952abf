"""Strict JSON parsing of model output, and comparison of argument values."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def read(text: str) -> Any:
    """Parse JSON.

    Raises `ValueError` for invalid JSON, duplicate keys, NaN, infinity, numbers that are too large
    for a float, and too deep nesting.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float
        )
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values, as JSON Schema defines it (draft 2020-12, core, 4.2.2).

    Numbers are equal by value: 3 and 3.0.  Texts are equal sign by sign.  A number is no text, and
    true is not 1.  Lists have an order, objects do not.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return _kind(one) is _kind(other) and one == other


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name[:20]} is not a number of JSON, or too large")


def _float(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _no_number(text)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)
