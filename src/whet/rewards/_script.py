"""A user's judge, called in the form that it has.

For worker processes: its file is executed there and nowhere else.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from whet.rewards._forms import CallForm, FormError, Said, ScriptResult, TraceForm, form_of
from whet.rewards._forms._form import needed
from whet.rewards._forms._trace import reward_methods
from whet.sandbox.workers._inside import script


class ScriptLocation(NamedTuple):
    """Where a judge is: a program that a worker executes once, and a name in it."""

    path: str
    program: str
    name: str  # of a function, a callable object or a class; dots lead inside
    what: str  # for messages


def call(place: ScriptLocation, form: CallForm | None, said: Sequence[Said]) -> list[ScriptResult]:
    """What the function makes of the replies, in the form that was given, or that it has."""
    function = _fetch(place)
    return (form or _form(function, place)).call(function, said, place.what)


def form_at(place: ScriptLocation) -> CallForm:
    """The form of what is there."""
    return _form(_fetch(place), place)


def check(place: ScriptLocation) -> None:
    """Raise what the judge's file raises when it is executed."""
    _fetch(place)


def imported(name: str, digest: str) -> ModuleType:
    """A module, if it is still what it was when the judge was made."""
    module = import_module(name)
    if digest_of(Path(str(module.__file__)).read_text(encoding="utf-8")) != digest:
        raise FormError(f"module {name!r} has changed since the judge was made; make it anew")
    return module


def digest_of(source: str) -> str:
    """Two sources are the same judge if this is the same."""
    return blake2b(source.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=64)
def _fetch(place: ScriptLocation) -> Callable[..., Any]:
    """The function; an object of a class that can be called; a class of tasks as it is."""
    found: Any = script(place.path, place.program)
    for name in place.name.split("."):
        found = getattr(found, name, None)
    if isinstance(found, type) and not reward_methods(found):
        found = found()
    if not callable(found):
        raise FormError(f"{place.what}: there is no function of that name")
    return found


def _form(function: Callable[..., Any], place: ScriptLocation) -> CallForm:
    if isinstance(function, type):
        return TraceForm()
    return form_of(*needed(function), place.what)
