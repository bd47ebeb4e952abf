"""What there is to choose from: every discovered part, by kind."""

from collections.abc import Callable
from importlib import import_module
from inspect import getdoc
from types import ModuleType
from typing import Any, NamedTuple

from whet import data, environments, recipes, registry, rewards, sampling
from whet.policy import algorithms
from whet.types import Refusal

KINDS: dict[str, ModuleType] = {
    "algorithms": algorithms,
    "rewards": rewards,
    "samplers": sampling,
    "corpora": data,
    "environments": environments,
    "recipes": recipes,
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

    def offer(self) -> Callable[..., Any] | None:
        """What the file offers under its own name; None where it offers parts of another name."""
        for attribute in (self.name, self.name.title().replace("_", "")):
            if hasattr(self.module, attribute):
                return getattr(self.module, attribute)
        return None


def entries(kind: str) -> list[Entry]:
    """Every part of a kind, by name."""
    package = KINDS[kind]
    found = registry.modules(package).items()
    return [Entry(kind, name, _family(package, where), where) for name, where in found]


def find(name: str) -> list[Entry]:
    """The parts of that name.  Raises `Refusal` with the nearest spelling where there is none."""
    everything = [entry for kind in KINDS for entry in entries(kind)]
    found = [entry for entry in everything if entry.name == name]
    if not found:
        near = registry.nearest(name, {entry.name for entry in everything})
        raise Refusal(f"{name!r} is unknown; {near} (whet list)")
    return found


def _family(package: ModuleType, where: str) -> str:
    """The folder between the room and the file."""
    inner = where.removeprefix(f"{package.__name__}.").split(".")[:-1]
    return ".".join(inner)
