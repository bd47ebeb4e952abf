"""Objects of a call, made into the dataclasses that a function asks for."""

import types
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Union, get_args, get_origin

from whet.calls.schemas import hints_of


def taking_objects(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, or where it asks for dataclasses, one that makes them of mappings."""
    hints = {key: hint for key, hint in hints_of(function).items() if _asks(hint)}
    hints.pop("return", None)
    if not hints:
        return function

    def made(arguments: dict[str, Any]) -> dict[str, Any]:
        return {key: built(hints.get(key), one) for key, one in arguments.items()}

    @wraps(function)
    def call(**arguments: Any) -> Any:
        return function(**made(arguments))

    @wraps(function)
    async def awaited(**arguments: Any) -> Any:
        return await function(**made(arguments))

    return awaited if iscoroutinefunction(function) else call


def built(hint: Any, value: Any) -> Any:
    """A checked value as its annotation has it."""
    origin, inner = get_origin(hint), get_args(hint)
    if value is None:
        return None
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**value)
    if origin in (Union, types.UnionType):
        return built(next(one for one in inner if one is not type(None)), value)
    if origin is list:
        return [built(inner[0], one) for one in value]
    if origin is dict:
        return {key: built(inner[1], one) for key, one in value.items()}
    return value


def _asks(hint: Any) -> bool:
    return is_dataclass(hint) or any(map(_asks, get_args(hint)))
