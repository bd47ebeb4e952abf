"""The public functions and classes of rooms of evaluation, from their docstrings."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getdoc, isclass, isfunction, signature
from pkgutil import iter_modules
from types import ModuleType

_MODULES = re.compile(r"\b(?:\w+\.)+(?=[A-Z_])")
_FUNCTION = re.compile(r"<function (\w+) at 0x[0-9a-f]+>")
_ROOMS: Mapping[str, str] = {
    "whet.evaluation.metrics": "Metrics",
    "whet.evaluation.statistics": "Intervals, tests and decisions",
}


def evaluation() -> Iterator[str]:
    """The page: a section for each room, a part for each file."""
    yield from ("# What an evaluation computes", "")
    yield "Every metric is a function of the samples of an evaluation, the rows that `whet eval`"
    yield "writes with `--out`.  A problem is the unit of every interval.  `Estimate` has a value,"
    yield "a 95% interval, and how many problems are known of those that were asked."
    yield ""
    for room, title in _ROOMS.items():
        yield from (f"## {title}", "")
        package = import_module(room)
        for found in sorted(iter_modules(package.__path__), key=lambda one: one.name):
            yield from _module(import_module(f"{room}.{found.name}"))


def _module(module: ModuleType) -> Iterator[str]:
    told = list(_public(module))
    if not told:
        return
    yield from (f"### {module.__name__}", "", (getdoc(module) or "").partition("\n\n")[0], "")
    for name, held in told:
        said = (getdoc(held) or "").splitlines()
        yield from (f"#### {name}", "", "```text", *_head(name, held), *said, "```", "")


def _head(name: str, held: object) -> Iterator[str]:
    """The signature of a function, its types without the modules that they are from."""
    if isfunction(held):
        told = _MODULES.sub("", f"{name}{signature(held)}")
        yield from (_FUNCTION.sub(r"\1", told), "")


def _public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What a file defines itself and documents, in its order."""
    for name, held in vars(module).items():
        own = isfunction(held) or (isclass(held) and "__doc__" in vars(held))
        here = getattr(held, "__module__", "") == module.__name__
        if own and here and not name.startswith("_") and held.__doc__:
            yield name, held
