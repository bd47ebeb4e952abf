"""Whether the value of an argument is one of those that BFCL accepts, by type and by value."""

from collections.abc import Mapping, Sequence
from typing import Any

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
TYPES = frozenset(_TYPES)
"""The names of types in BFCL's descriptions of Python functions."""
_LARGEST = 1 << 1000  # an integer that is read as a float
_IGNORED = str.maketrans({sign: "" for sign in " ,./-_*^"} | {"'": '"'})


def accepts(options: Sequence[Any], value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value` is one of `options` and of the type that `schema` names.

    An integer is a float, too.  A value of another type is accepted where it is of the type of the
    first option, and equal to one: options name variables by text.  Texts are compared without
    blanks and ,./-_*^, in any case.  Lists are compared in order, objects key by key.
    """
    declared = _TYPES[schema["type"]]
    if declared is float and type(value) is int and abs(value) <= _LARGEST:
        value = float(value)
    sample = next((option for option in options if option != ""), None)
    if type(value) is not declared:
        return type(value) is type(sample) and any(_identical(value, one) for one in options)
    if sample is not None and type(sample) is not declared:
        return any(_identical(value, one) for one in options)
    inner = _TYPES.get((schema.get("items") or {}).get("type", "")) if declared is list else None
    return any(_same(value, one, inner) for one in options)


def _same(value: Any, option: Any, inner: type | None) -> bool:
    """Whether a value of the declared type equals one option; an empty list is "", too."""
    if value == [] and option == "":
        return True
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(
            _same_item(one, other, inner, type(option[0]))
            for one, other in zip(value, option, strict=True)
        )
    if isinstance(value, dict) and isinstance(option, dict):
        return _same_object(value, option)
    return _alike(value, option)


def _same_item(value: Any, option: Any, inner: type | None, first: type) -> bool:
    """Whether an item of a list has the type of items, or that of the first, and equals another."""
    if inner is not None and type(value) not in (inner, first):
        return False
    if inner is dict and isinstance(value, dict) and isinstance(option, dict):
        return _same_object(value, option)
    return _alike(value, option)


def _same_object(value: Mapping[str, Any], option: Mapping[str, Any]) -> bool:
    """Whether each key has one of its values, and only those with "" among theirs are absent."""
    known = all(key in option for key in value)
    whole = all(key in value or "" in _listed(held) for key, held in option.items())
    return known and whole and all(_any_alike(one, option[key]) for key, one in value.items())


def _any_alike(value: Any, options: Any) -> bool:
    return any(_alike(value, one) for one in _listed(options))


def _listed(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [held]


def _alike(value: Any, option: Any) -> bool:
    """Equality, of texts without blanks, some signs and case."""
    if isinstance(value, str) and isinstance(option, str):
        return _bare(value) == _bare(option)
    return _identical(value, option)


def _identical(value: Any, option: Any) -> bool:
    """Equality of values of which both or none is true or false."""
    return value == option and isinstance(value, bool) == isinstance(option, bool)


def _bare(text: str) -> str:
    return text.translate(_IGNORED).lower()
