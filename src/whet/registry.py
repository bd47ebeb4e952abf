"""The folder is the registry: a file's name is the public name of what it holds."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from whet.types import UsageError


def modules(package: ModuleType) -> dict[str, str]:
    """Where each public name of a package lives; a leading underscore hides a file."""
    found = walk_packages(package.__path__, f"{package.__name__}.")
    names = {m.name.rpartition(".")[2]: m.name for m in found if not m.ispkg}
    return {name: where for name, where in sorted(names.items()) if not name.startswith("_")}


def load(package: ModuleType, name: str, *, kind: str) -> Callable[..., Any]:
    """What the file called `name` offers under its own name, as a function or as a class.

    Raises `UsageError` with the nearest spelling where there is no such file.
    """
    where = modules(package)
    if name not in where:
        raise UsageError(f"{kind} {name!r} is unknown; {nearest(name, where)} (whet list {kind}s)")
    module = import_module(where[name])
    for attribute in (name, name.title().replace("_", "")):
        if hasattr(module, attribute):
            return getattr(module, attribute)
    raise UsageError(f"{where[name]} offers no {name!r}; name its function or class after the file")


def nearest(name: str, names: Iterable[str]) -> str:
    """A suggestion: the closest spelling, or everything there is."""
    known = sorted(names)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}"
