"""A user's judge, called by the names of its parameters.

For worker processes: its file is executed there and nowhere else.
"""

import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Real
from typing import Any

from whet.rewards.workers._inside import script

OFFERED = ("prompt", "reply", "answer", "info", "task_id")
_WANTED = "return a finite number, a bool, or a dict with 'score'"


class Unfit(ValueError):
    """The script doesn't do what was agreed on.  One line, for the user."""


Found = tuple[float, bool | None, dict[str, float]]
"""A score, whether the reply is correct if that is known, and numbers to log beside them."""


def call(path: str, source: str, name: str, offered: Mapping[str, Any]) -> Found:
    """What the function makes of those of the offered arguments that it names."""
    function = fetch(path, source, name)
    parameters = inspect.signature(function).parameters.values()
    wants_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name for p in parameters}
    result = function(**{k: v for k, v in offered.items() if wants_all or k in named})
    return _entries(result, f"{name} of {path}")


def fetch(path: str, source: str, name: str) -> Callable[..., Any]:
    """The function, once its parameters have been found to be ours."""
    function = getattr(script(path, source), name, None)
    if not callable(function):
        raise Unfit(f"{path} has no function {name!r}")
    if inspect.iscoroutinefunction(function):
        raise Unfit(f"{name} of {path} is async; give a plain function")
    for p in inspect.signature(function).parameters.values():
        optional = p.default is not p.empty or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        if not optional and (p.name not in OFFERED or p.kind is p.POSITIONAL_ONLY):
            offers = ", ".join(OFFERED)
            raise Unfit(f"{name} of {path} wants {p.name!r}; it can have {offers}, by name")
    return function


def _entries(returned: object, what: str) -> Found:
    result = _scalar(returned)
    if not isinstance(result, Mapping):
        full = {"correct": float(result) >= 1} if isinstance(result, Real) else {}
        result = {"score": result} | full
    entries = {str(key): _scalar(value) for key, value in result.items()}
    score, correct = entries.pop("score", None), entries.pop("correct", None)
    if not isinstance(score, Real) or not isfinite(score) or correct not in (True, False, None):
        raise Unfit(f"{what} returned {returned!r:.60}; {_WANTED}")
    parts = {key: float(value) for key, value in entries.items() if isinstance(value, Real)}
    return float(score), None if correct is None else bool(correct), parts


def _scalar(value: object) -> object:
    """A number of numpy or torch as a number of Python."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "ndim", None) == 0 else value
