"""The worker's side: a user's file is executed in a worker process and nowhere else.

Plain Python, no torch.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from inspect import signature
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

from whet.rewards.adapters.dialects import (
    CallForm,
    FormError,
    Said,
    ScriptResult,
    TraceForm,
    form_of,
)
from whet.rewards.adapters.dialects.base import needed
from whet.rewards.adapters.dialects.verifiers_one import reward_methods
from whet.sandbox.workers.inside import script

_SHOWN = 400  # bytes that are kept of what a function prints


class ScriptLocation(NamedTuple):
    """A program that a worker executes once, and a name in it."""

    path: str
    program: str
    name: str  # of a function, a callable object or a class; dots lead to attributes and items
    what: str  # for messages


class CallOutput(NamedTuple):
    """The results of a function, and the beginning of what it printed."""

    found: list[ScriptResult]
    printed: str


def call(place: ScriptLocation, form: CallForm | None, said: Sequence[Said]) -> CallOutput:
    """Call the function on these replies, in the given form or in its own."""
    function = _fetch(place)
    chosen = form or _form(function, place)
    with Capture() as capture:
        found = chosen.call(function, said, place.what)
    return CallOutput(found, capture.text)


def form_at(place: ScriptLocation, form: CallForm | None) -> CallForm:
    """Execute the file and return the given form, or else the form of the function.

    Raises `FormError` where the name is missing or has no form, and whatever the file raises.
    """
    function = _fetch(place)
    return form or _form(function, place)


def imported(name: str, digest: str) -> ModuleType:
    """Import a module.  Raises `FormError` if its source differs from the one with this digest."""
    module = import_module(name)
    if digest_of(Path(str(module.__file__)).read_text(encoding="utf-8")) != digest:
        raise FormError(f"module {name!r} has changed since the reward was made; make it anew")
    return module


def digest_of(source: str) -> str:
    """A short hash of a source text: equal sources are the same reward."""
    return blake2b(source.encode(), digest_size=8).hexdigest()


class Capture:
    """Catches what this process prints, at the level of file descriptors, and keeps the beginning.

    A reward that prints is called thousands of times, which would flood the terminal.
    """

    def __init__(self) -> None:
        """Nothing is caught before the `with` block."""
        self.text = ""

    def __enter__(self) -> "Capture":
        self._flush()
        self._file = TemporaryFile()
        self._before = os.dup(1), os.dup(2)
        for number in (1, 2):
            os.dup2(self._file.fileno(), number)
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        for number, old in zip((1, 2), self._before, strict=True):
            os.dup2(old, number)
            os.close(old)
        self._file.seek(0)
        self.text = self._file.read(_SHOWN).decode(errors="replace")
        self._file.close()

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(ValueError):  # the user's file has closed it
                stream.flush()


@lru_cache(maxsize=64)
def _fetch(place: ScriptLocation) -> Callable[..., Any]:
    """The named function or callable object; a class of tasks as it is."""
    found: Any = script(place.path, place.program)
    for name in place.name.split("."):
        found = found[int(name)] if name.isdigit() else getattr(found, name, None)
    if found is None:
        raise FormError(f"{place.what} does not exist; write FILE:NAME with the name of a function")
    if isinstance(found, type) and not reward_methods(found):
        found = _instance(found, place)
    if not callable(found):
        raise FormError(
            f"{place.what} is a {type(found).__name__}, not a function; name a function"
        )
    return found


def _instance(kind: type, place: ScriptLocation) -> Any:
    """An object of a class whose instances are called.  Raises `FormError` if it needs
    arguments.
    """
    _, wanted = _parameters(kind, place)
    if wanted:
        raise FormError(
            f"{place.what} is a class that needs {', '.join(sorted(wanted))}; assign an object of "
            "it to a name in the file and give that name"
        )
    return kind()


def _form(function: Callable[..., Any], place: ScriptLocation) -> CallForm:
    if isinstance(function, type):
        return TraceForm()
    names, wanted = _parameters(function, place)
    if all(p.kind is p.VAR_POSITIONAL for p in signature(function).parameters.values()):
        raise FormError(f"{place.what} takes nothing by name, so it can't look at a reply")
    return form_of(names, wanted, place.what)


def _parameters(function: Callable[..., Any], place: ScriptLocation) -> tuple[set[str], set[str]]:
    try:
        return needed(function)
    except ValueError:
        raise FormError(
            f"{place.what} has no parameters to be read; wrap it in a function"
        ) from None
