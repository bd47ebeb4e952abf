"""What drivers share: plain data of foreign values, and errors of a user's own making."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any


class Misuse(Exception):
    """The user has to change something: raised again as `UsageError` by the parent."""


async def awaited(value: Any) -> Any:
    """The value, or what an awaitable gives."""
    return await value if inspect.isawaitable(value) else value


def maker(made: Any) -> Callable[..., Any]:
    """What makes an environment for each episode.  Raises `Misuse` for an object."""
    if not callable(made):
        raise Misuse(
            f"environment.make is an object of {type(made).__name__}, which all episodes would "
            "share; name a class, or a function that makes one"
        )
    return made


def text_of(value: Any) -> str:
    """A text as it is; "" for None; mappings and lists as JSON; anything else by `str`."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def dumped(value: Any) -> Any:
    """A mapping of what may be a pydantic model or a dataclass; other values unchanged."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return dict(vars(value)) if hasattr(value, "__dataclass_fields__") else value


def taken(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the offered arguments that a function takes by name; all for `**kwargs`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a builtin
        return {}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(offered)
    return {p.name: offered[p.name] for p in parameters if p.name in offered}


def number(value: Any) -> float | None:
    """A reward as a float; None stays None."""
    return None if value is None else float(value)
