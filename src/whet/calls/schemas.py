"""The schema of a tool, from the signature and the docstring of its function."""

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from whet.calls.docstrings import described
from whet.types import UsageError

Schema = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}
_LITERALS = {**_SIMPLE, type(None): "null"}
_ANNOTATIONS = (
    "annotate with str, int, float, bool, list[T], dict, dict[str, T], Literal[…], T | None, or a "
    "dataclass of these"
)


def schema_of(function: Callable[..., Any]) -> dict[str, Any]:
    """`{"type": "function", "function": {name, description, parameters}}`, as OpenAI's interface.

    Equal to `get_json_schema` of transformers for the annotations that both know, less its
    `return`.  The docstring is in Google's style.

    Raises `UsageError` for a function without docstring, and for a parameter without annotation or
    description, of an unknown annotation, or that can't be given by name.
    """
    name = getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise UsageError(f"tool {function!r:.80} has no plain name; give a function made with def")
    description, texts = described(inspect.getdoc(function) or "")
    if not description:
        raise UsageError(f"tool {name} has no docstring; say what it does in its first line")
    hints, properties, required = hints_of(function), dict[str, Any](), list[str]()
    for parameter in inspect.signature(function).parameters.values():
        place = f"tool {name}, parameter {parameter.name}"
        _check(parameter, place)
        if not texts.get(parameter.name):
            raise UsageError(f"{place} has no description; add one to Args: in the docstring")
        shape = _shape(hints[parameter.name], place)
        properties[parameter.name] = {**shape, "description": texts[parameter.name]}
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
    parameters = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    shown = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": shown}


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function or a dataclass.

    Raises `UsageError` for one that names something undefined.
    """
    try:
        return get_type_hints(function)
    except (NameError, TypeError, SyntaxError) as error:
        name = getattr(function, "__name__", repr(function))
        raise UsageError(f"tool {name}: {error}; {_ANNOTATIONS}") from error


def _check(parameter: inspect.Parameter, place: str) -> None:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise UsageError(f"{place} is {parameter.kind.description}; make it one that has a name")
    if parameter.annotation is parameter.empty:
        raise UsageError(f"{place} has no annotation; {_ANNOTATIONS}")


def _shape(hint: Any, place: str) -> dict[str, Any]:
    """The schema of an annotation."""
    if is_dataclass(hint) and isinstance(hint, type):
        return _object(hint, place)
    return _plain(hint, lambda inner: _shape(inner, place), place)


def _object(kind: type, place: str) -> dict[str, Any]:
    """The schema of a dataclass, whose fields hold no further ones."""
    hints = hints_of(kind)
    shown = [one for one in fields(kind) if one.init]

    def flat(hint: Any) -> dict[str, Any]:
        return _plain(hint, flat, f"{place}, a field of {kind.__name__}")

    schema: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: flat(hints[one.name]) for one in shown},
    }
    required = [
        one.name for one in shown if one.default is MISSING and one.default_factory is MISSING
    ]
    return {**schema, "required": required} if required else schema


def _plain(hint: Any, inner: Callable[[Any], dict[str, Any]], place: str) -> dict[str, Any]:
    """The schema of an annotation that is no dataclass; `inner` makes those of its arguments."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is None and isinstance(hint, type) and hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if hint is dict:
        return {"type": "object"}
    if origin is list:
        return {"type": "array", "items": inner(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": inner(arguments[1])}
    if origin is Literal and all(type(value) in _LITERALS for value in arguments):
        kinds = list(dict.fromkeys(_LITERALS[type(value)] for value in arguments))
        return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": list(arguments)}
    if origin in (Union, types.UnionType):
        some = [one for one in arguments if one is not type(None)]
        if len(some) == 1:
            return {**inner(some[0]), "nullable": True}
    raise UsageError(f"{place} has annotation {inspect.formatannotation(hint)}; {_ANNOTATIONS}")
