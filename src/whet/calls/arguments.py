"""Arguments of a call, checked against the schema of its tool before the call."""

import json
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from whet.calls.json_values import DEEPEST, LONGEST
from whet.calls.nearest import unknown
from whet.calls.schemas import Schema

_BITS = 10_000  # of an integer; Python refuses to print much larger ones
_SHOWN = 40  # characters of a text in a message


class ArgumentError(ValueError):
    """Arguments that a tool can't take.  One line: the parameter, its type, and what came."""


def checked(parameters: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in new containers, as the schema of the parameters has them.

    An integer may be written 3.0; nothing else is converted.  Raises `ArgumentError` for arguments
    that are missing, unknown or of another type, for what JSON can't hold, and for more than
    20,000 characters or 32 levels.
    """
    found = _value("", {"type": "object", **parameters}, given, 0)
    if len(json.dumps(found, ensure_ascii=False)) > LONGEST:
        raise ArgumentError(f"the arguments are longer than {LONGEST:,} characters")
    return found


def _value(place: str, schema: Schema, value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ArgumentError(f"the arguments are nested more than {DEEPEST} deep")
    if value is None and schema.get("nullable"):
        return None
    kinds = [one for one in _kinds(schema) if _FITS[one](value)]
    if not kinds:
        raise ArgumentError(f"{place} is of type {_told(schema)}, and {_shown(value)} came")
    whole = int(value) if isinstance(value, float) and kinds[0] == "integer" else value
    found = _inside(place, schema, whole, depth)
    if "enum" in schema and not any(_equal(found, one) for one in schema["enum"]):
        raise ArgumentError(f"{place} is of type {_told(schema)}, and {_shown(value)} came")
    return found


def _inside(place: str, schema: Schema, value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _text(place, value)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_value(f"{place}[{n}]", items, one, depth + 1) for n, one in enumerate(value)]
    return _object(place, schema, value, depth) if isinstance(value, Mapping) else value


def _object(place: str, schema: Schema, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key in value:
        if not isinstance(key, str):
            raise ArgumentError(f"{place or 'an argument'} has key {_shown(key)}; keys are strings")
        _text(place, key)
        if key not in known and "properties" in schema and not others:
            names = [_within(place, one) for one in known]
            raise ArgumentError(unknown("parameter", _within(place, key), names))
    for key in schema.get("required", ()):
        if key not in value:
            told = f"{_within(place, key)}, of type {_told(known.get(key, {}))},"
            raise ArgumentError(f"{told} is missing")
    free = others if isinstance(others, Mapping) else {}
    return {
        key: _value(_within(place, key), known.get(key, free), one, depth + 1)
        for key, one in value.items()
    }


def _within(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _text(place: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ArgumentError(f"{place or 'a key'} holds half a surrogate pair") from None
    return value


def _kinds(schema: Schema) -> Sequence[str]:
    """The JSON types that a schema allows; all of them where it names none."""
    kinds = schema.get("type", tuple(_FITS))
    return (kinds,) if isinstance(kinds, str) else kinds


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _BITS


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "number": _is_number,
    "integer": _is_whole,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other  # True is not 1


def _told(schema: Schema) -> str:
    """The type in words, for the policy."""
    told = " or ".join(_kinds(schema)) if "type" in schema else "any"
    if "items" in schema:
        told = f"array of {_told(schema['items'])}"
    if "enum" in schema:
        told += f" (one of {', '.join(map(json.dumps, schema['enum']))})"
    return f"{told} or null" if schema.get("nullable") else told


def _shown(value: Any) -> str:
    """What came, in a few words, whatever it is."""
    if isinstance(value, str):
        short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return json.dumps(short, ensure_ascii=False)
    if isinstance(value, int) and value.bit_length() > _BITS:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, int | float | None):
        return json.dumps(value)[:_SHOWN]
    words = {list: "an array", dict: "an object"}
    return words.get(type(value), f"a {type(value).__name__}")
