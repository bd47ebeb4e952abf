"""Values as JSON, and back: a run's card is enough to rebuild the run.

A part is `{"class": place, field: value, …}` with all its fields, down to the numbers.  Its
place is `package.module.Name` if every process can import the class by that name, otherwise
`/path/of/file.py:Name`.  Tuples are lists.  Values that JSON lacks are written in the same way,
with `builtins.` before their type: lists, sets, dictionaries, infinities, functions by their place.
"""

import sys
import sysconfig
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from inspect import isfunction
from math import isfinite
from numbers import Integral, Real
from pathlib import Path, PurePath
from types import FunctionType
from typing import Any

from whet.scripts import MODULES, imported, reason
from whet.types import UsageError

PART = "class"  # a keyword, so no field has this name
_HERE = "__main__"
_NAMED = "builtins.named"  # a function or a class itself, such as a tool
_KEPT = (list, set, frozenset)
_REMEDY = "set PYTHONPATH so that it can, or call whet.train(run, folder) where it is defined"

importing: ContextVar[str] = ContextVar("importing", default="")
"""The user's file that is being imported for a part; empty: none."""


def to_json(value: Any, field: str = "") -> Any:
    """A value as JSON.  Raises `UsageError` with the name of the field that JSON can't hold."""
    if value is None or isinstance(value, bool | str | Real) and not isinstance(value, Enum):
        return _scalar(value)
    if is_dataclass(value):  # one that is a mapping or a list, too, keeps its class
        return _part(value, field)
    if isinstance(value, tuple | list | set | frozenset):
        return _items(value, field)
    if isinstance(value, Mapping):
        return _mapping(value, field)
    return _part(value, field)


def from_json(held: Any, field: str = "") -> Any:
    """The value that `to_json` wrote.

    Raises `UsageError`, with the name of the field, where a part can't be imported or has changed.
    """
    if isinstance(held, list):
        return tuple(from_json(item, _inside(field, i)) for i, item in enumerate(held))
    if not isinstance(held, dict):
        return held
    if PART not in held:
        return {key: from_json(item, _inside(field, key)) for key, item in held.items()}
    kind = str(held[PART])
    try:
        if kind in _BUILTINS:
            return _BUILTINS[kind](held, field)
        return _made(located(kind, field), held, field)
    except UsageError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal(
            field,
            f"{kind}, which has changed since the run began: {reason(error)}; restore it, or train "
            "anew",
        ) from error


def only_here(held: Any) -> bool:
    """Whether a value has parts of a notebook or a function, which no other process can import."""
    if isinstance(held, list):
        return any(map(only_here, held))
    if not isinstance(held, dict):
        return False
    place = str(held.get("place", "") if held.get(PART) == _NAMED else held.get(PART, ""))
    return place.startswith(f"{_HERE}.") or "<" in place or any(map(only_here, held.values()))


def place_of(kind: Any) -> str:
    """The place of a class or a function: its module if every process can import it, else its file.

    The file is the same however it is run: as a script, imported, or as `--reward file.py`.
    """
    module = kind.__module__
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or "." in module or _installed(file):
        return f"{module}.{kind.__qualname__}"
    return f"{Path(file).resolve()}:{kind.__qualname__}"


def located(place: str, field: str) -> Any:
    """The class at a place.  Raises `UsageError` if this process can't import it."""
    path, colon, name = place.rpartition(":")
    try:
        found = _from_file(path, field) if colon else None
        names = name.split(".")
        if found is None:
            found, names = _from_module(names)
        for one in names:
            found = getattr(found, one)
    except (ImportError, AttributeError) as error:
        raise _refusal(field, f"{place}, which can't be imported: {error}; {_REMEDY}") from error
    return found


def _refusal(field: str, why: str) -> UsageError:
    return UsageError(f"{field or 'run'} is {why}")


def _inside(field: str, name: object) -> str:
    return f"{field}.{name}" if field else str(name)


def _scalar(value: Any) -> Any:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)  # NumPy's too
    if isinstance(value, Real) and not isinstance(value, bool):
        finite = isfinite(value)
        return float(value) if finite else {PART: "builtins.float", "value": repr(float(value))}
    return value


def _items(value: Any, field: str) -> Any:
    names = getattr(value, "_fields", ())  # of a named tuple
    if names:
        inner = {name: to_json(getattr(value, name), _inside(field, name)) for name in names}
        return {PART: place_of(type(value))} | inner
    ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    items = [to_json(item, _inside(field, i)) for i, item in enumerate(ordered)]
    if isinstance(value, tuple):
        return items
    kind = next(k for k in _KEPT if isinstance(value, k))
    return {PART: f"builtins.{kind.__name__}", "items": items}


def _mapping(value: Mapping[Any, Any], field: str) -> Any:
    if all(isinstance(key, str) for key in value) and PART not in value:
        return {key: to_json(item, _inside(field, key)) for key, item in value.items()}
    pairs = [[to_json(k, field), to_json(v, _inside(field, k))] for k, v in value.items()]
    return {PART: "builtins.dict", "items": pairs}


def _part(value: Any, field: str) -> dict[str, Any]:
    if isinstance(value, Enum):
        if value.name not in type(value).__members__:  # several flags at once, or none
            return {PART: place_of(type(value)), "value": to_json(value.value, field)}
        return {PART: place_of(type(value)), "name": value.name}
    if isinstance(value, PurePath):
        return {PART: "builtins.path", "value": str(value)}
    if isfunction(value) or isinstance(value, type):
        return _named(value, field)
    if not is_dataclass(value):
        raise _refusal(
            field,
            f"{_called(value)}, which a run's card can't hold, so the run could not be resumed; "
            "make it a frozen dataclass of numbers, words and other parts",
        )
    held = {f.name: getattr(value, f.name) for f in fields(value)}
    inner = {name: to_json(item, _inside(field, name)) for name, item in held.items()}
    return {PART: place_of(type(value))} | inner


def _named(value: Any, field: str) -> dict[str, Any]:
    """A function or a class itself, by its place."""
    if "<lambda>" in value.__qualname__:
        raise _refusal(field, "a lambda, which has no name to be found by; define it with def")
    if isfunction(value) and (other := _namesake(value)):
        raise _refusal(
            field,
            f"a function that calls itself {value.__qualname__}, and so does {other} of its "
            "module, which would be found in its place; give it a __qualname__ of its own",
        )
    return {PART: _NAMED, "place": place_of(value)}


def _namesake(function: FunctionType) -> str:
    """Another function at the place of this one, such as the one that it wraps; empty: none."""
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    same = not isfunction(found) or found.__code__ == function.__code__
    return "" if same else f"line {found.__code__.co_firstlineno}"


def _called(value: Any) -> str:
    name = getattr(value, "__name__", "")
    return f"the {type(value).__name__} {name}" if name else f"a {type(value).__name__}"


def _made(kind: Any, held: Mapping[str, Any], field: str) -> Any:
    """An instance.  Fields that a part computes itself, such as a digest, are not passed."""
    if not isinstance(kind, type):
        raise TypeError("it is no class")
    if issubclass(kind, Enum):
        return kind[held["name"]] if "name" in held else kind(held["value"])
    known = {f.name for f in fields(kind) if not f.init} if is_dataclass(kind) else set()
    given = {n: x for n, x in held.items() if n != PART and n not in known}
    inner = {name: from_json(item, _inside(field, name)) for name, item in given.items()}
    return kind(**inner)


def _from_file(path: str, field: str) -> Any:
    """The module of a user's file: the one that this process runs, or the file executed."""
    for name, module in list(sys.modules.items()):
        file = None if name.startswith(MODULES) else getattr(module, "__file__", None)
        if file and Path(file).name == Path(path).name and str(Path(file).resolve()) == path:
            return module
    if not Path(path).is_file():
        raise ImportError(f"{path} is not a file")
    token = importing.set(path)
    try:
        return imported(path, field or "run")
    finally:
        importing.reset(token)


def _from_module(names: list[str]) -> tuple[Any, list[str]]:
    """The longest prefix of a dotted name that is a module, and the names inside it."""
    if names[0] == _HERE:
        return sys.modules[_HERE], names[1:]
    for size in range(len(names) - 1, 1, -1):
        try:
            return import_module(".".join(names[:size])), names[size:]
        except ModuleNotFoundError as error:
            if error.name != ".".join(names[:size]):
                raise
    return import_module(names[0]), names[1:]


@cache
def _installed(file: str) -> bool:
    """Whether every process of this Python can import the class by its module's name."""
    folders = (sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return any(Path(file).resolve().is_relative_to(Path(f).resolve()) for f in folders)


def _kept(kind: Callable[[Any], Any]) -> Callable[[Any, str], Any]:
    return lambda held, field: kind(from_json(held["items"], field))


_BUILTINS: dict[str, Callable[[Any, str], Any]] = {
    **{f"builtins.{kind.__name__}": _kept(kind) for kind in (*_KEPT, dict)},
    "builtins.float": lambda held, field: float(held["value"]),
    "builtins.path": lambda held, field: Path(held["value"]),
    _NAMED: lambda held, field: located(str(held["place"]), field),
}
