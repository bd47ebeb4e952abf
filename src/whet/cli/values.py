"""Text to value, by the declared type of a field: numbers, words, lists of them.

A list is written with commas (`1,4,16`), or as JSON where its items hold commas (`["a,b", "c"]`).
`none` is no value, and the empty list.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from math import isnan
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from whet.types import UsageError

NONE = "none"
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def value(text: str, hint: Any, name: str) -> Any:
    """Convert a text to a value of type `hint`.

    Raises `UsageError` with the field's name, the text, and what is accepted.
    """
    try:
        return _read(text.strip() or text, hint) if hint is not str else text
    except ValueError:
        raise UsageError(f"{name} is {text!r}; give {accepted(hint)}") from None


def accepted(hint: Any) -> str:
    """The accepted values of a type, in words."""
    if hint in _WORDS:
        return _WORDS[hint]
    if is_union(hint):
        return " or ".join(dict.fromkeys(accepted(arm) for arm in arms(hint)))
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(str(member.value) for member in hint)}"
    if (item := item_of(hint)) is not None:
        count = length_of(hint)
        several = f"{count} values" if count else "a list"
        return f"{several} with commas, each {accepted(item)}"
    none = f"a {getattr(hint, '__name__', hint)}, which can't be set by a text"
    return 'a JSON object, such as {"a": 1}' if _is_mapping(hint) else none


def shown(held: Any) -> str:
    """A value as text, the inverse of `value`."""
    if held is None or held == ():
        return NONE
    if isinstance(held, bool):
        return str(held).lower()
    if isinstance(held, Enum):
        return str(held.value)
    if isinstance(held, tuple):
        texts = [shown(item) for item in held]
        return json.dumps(held) if any("," in text for text in texts) else ",".join(texts)
    return held if isinstance(held, str) and held and held.split() == [held] else repr(held)


def is_union(hint: Any) -> bool:
    """Whether a type is a union, `A | B` or `Union[A, B]`."""
    return get_origin(hint) in (Union, UnionType)


def arms(hint: Any) -> tuple[Any, ...]:
    """The members of a union; of any other type, itself."""
    return get_args(hint) if is_union(hint) else (hint,)


def item_of(hint: Any) -> Any:
    """The type of a list's items; None for other types."""
    origin, inner = get_origin(hint), get_args(hint)
    if not isinstance(origin, type) or not issubclass(origin, Sequence | AbstractSet) or not inner:
        return None
    return inner[0]


def length_of(hint: Any) -> int:
    """The length of a `tuple[X, Y]`; 0 for a list of any length."""
    inner = get_args(hint)
    fixed = get_origin(hint) is tuple and Ellipsis not in inner
    return len(inner) if fixed else 0


def items(text: str) -> list[str]:
    """The texts of a list's items.  Raises `ValueError` for incomplete JSON."""
    if text in {"", NONE}:
        return []
    if text.startswith("["):
        found = json.loads(text)
        return [item if isinstance(item, str) else json.dumps(item) for item in found]
    return [item.strip() or item for item in text.split(",")]  # a line break may stop a reply


def _read(text: str, hint: Any) -> Any:
    if hint in _SCALARS:
        return _SCALARS[hint](text)
    if is_union(hint):
        return _first(text, sorted(get_args(hint), key=_is_text))
    if get_origin(hint) is Literal:
        return _among(text, {str(option): option for option in get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        by_name = {member.name.lower(): member for member in hint}
        return _among(text, by_name | {str(member.value): member for member in hint})
    if item_of(hint) is not None:
        return _list(text, hint)
    if _is_mapping(hint):
        return _object(text)
    raise ValueError(hint)


def _list(text: str, hint: Any) -> Any:
    texts, count, inner = items(text), length_of(hint), get_args(hint)
    if count and len(texts) != count:
        raise ValueError(text)
    types = inner if count else inner[:1] * len(texts)
    found = [_read(item, kind) for item, kind in zip(texts, types, strict=True)]
    origin = get_origin(hint)
    return origin(found) if origin in {list, set, frozenset} else tuple(found)


def _object(text: str) -> Any:
    found = {} if text == NONE else json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(text)
    return found


def _first(text: str, hints: Sequence[Any]) -> Any:
    for hint in hints:
        try:
            return _read(text, hint)
        except ValueError:
            continue
    raise ValueError(text)


def _among(text: str, known: Mapping[str, Any]) -> Any:
    if text not in known:
        raise ValueError(text)
    return known[text]


def _bool(text: str) -> bool:
    return _among(text.lower(), dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False))


def _int(text: str) -> int:
    """`1e6` and `1_000` are whole numbers, too."""
    try:
        return int(text)
    except ValueError:
        found = float(text)
        if not found.is_integer():
            raise
        return int(found)


def _float(text: str) -> float:
    found = float(text)
    if isnan(found):
        raise ValueError(text)
    return found


def _none(text: str) -> None:
    if text.lower() != NONE:
        raise ValueError(text)


def _any(text: str) -> Any:
    return _first(text, (NoneType, int, float, str) if text not in {"true", "false"} else (bool,))


def _is_text(hint: Any) -> bool:
    return hint in (str, Any, object)


def _is_mapping(hint: Any) -> bool:
    origin = get_origin(hint) or hint
    return isinstance(origin, type) and issubclass(origin, Mapping)


_SCALARS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _int,
    float: _float,
    bool: _bool,
    NoneType: _none,
    Path: Path,
    Any: _any,
    object: _any,
}
_WORDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: NONE,
    Path: "a path",
    Any: "a value",
    object: "a value",
}


def counts(text: str, name: str) -> tuple[int, ...]:
    """Whole numbers with commas between.  Raises `UsageError` for another text."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"{name} is {text!r}; give numbers with commas, such as 1,4,16")
    return tuple(map(int, parts))
