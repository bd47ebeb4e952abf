"""What there is to choose from: every discovered part, by kind."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc, getsource
from types import ModuleType
from typing import Any

from whet import registry
from whet.invoked import command
from whet.registry import Place
from whet.types import UsageError

KINDS = {plural: kind for kind, plural in registry.PLURAL.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One part: its kind in the plural, its name, and where it is."""

    kind: str
    name: str
    place: Place

    @property
    def family(self) -> str:
        return self.place.family

    @property
    def where(self) -> str:
        return self.place.module

    @property
    def module(self) -> ModuleType:
        return import_module(self.place.module)

    @property
    def summary(self) -> str:
        """The first line of the file's docstring."""
        return (getdoc(self.module) or "").partition("\n")[0]

    @property
    def lines(self) -> int:
        """The length of its file."""
        return len(getsource(self.module).splitlines())

    def offer(self) -> Callable[..., Any]:
        """The function or class itself."""
        return self.place.load()


def entries(kind: str) -> list[Entry]:
    """Every part of a kind (in the plural), by name."""
    return [Entry(kind, name, place) for name, place in registry.names(KINDS[kind]).items()]


def find(name: str) -> list[Entry]:
    """The parts of that name.  Raises `UsageError` with the nearest spelling where there is
    none.
    """
    everything = [entry for kind in KINDS for entry in entries(kind)]
    found = [entry for entry in everything if entry.name == name]
    if not found:
        near = registry.nearest(name, {entry.name for entry in everything})
        raise UsageError(f"{name!r} is unknown; {near} ({command('list')})")
    return found
