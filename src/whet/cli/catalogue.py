"""What there is to choose from: every discovered part, by kind."""

from collections.abc import Callable
from importlib import import_module
from inspect import getdoc, getsource
from types import ModuleType
from typing import Any, NamedTuple

from whet import data, environments, recipes, registry, rewards, sampling
from whet.policy import algorithms
from whet.types import UsageError

KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "algorithms": algorithms.modules,
    "rewards": rewards.modules,
    "sampling": sampling.modules,
    "corpora": data.modules,
    "environments": environments.modules,
    "recipes": recipes.modules,
}


class Entry(NamedTuple):
    """One part: where it lives, and what it says of itself."""

    kind: str
    name: str
    family: str
    where: str

    @property
    def module(self) -> ModuleType:
        """Its file."""
        return import_module(self.where)

    @property
    def summary(self) -> str:
        """The first line of the file."""
        return (getdoc(self.module) or "").partition("\n")[0]

    @property
    def lines(self) -> int:
        """How long its file is."""
        return len(getsource(self.module).splitlines())

    def offer(self) -> Callable[..., Any] | None:
        """What the file offers under its own name; None where it offers parts of another name."""
        for attribute in (self.name, self.name.title().replace("_", "")):
            if hasattr(self.module, attribute):
                return getattr(self.module, attribute)
        return None


def entries(kind: str) -> list[Entry]:
    """Every part of a kind, by name."""
    return [Entry(kind, name, _family(where), where) for name, where in KINDS[kind]().items()]


def find(name: str) -> list[Entry]:
    """The parts of that name.  Raises `UsageError` with the nearest spelling where there is
    none.
    """
    everything = [entry for kind in KINDS for entry in entries(kind)]
    found = [entry for entry in everything if entry.name == name]
    if not found:
        near = registry.nearest(name, {entry.name for entry in everything})
        raise UsageError(f"{name!r} is unknown; {near} (whet list)")
    return found


def _family(where: str) -> str:
    """The folder that the file is in, where that is not the room itself."""
    _, _, *inner, _ = where.split(".")
    return inner[-1] if inner and inner[-1] != "algorithms" else ""
