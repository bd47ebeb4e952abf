"""The registry of parts: the name of a file is the public name of the part in it.

A part is a module, or a package, with an attribute of its own name: `grpo.py` has the function
`grpo`, `code/__init__.py` the class `Code`.  The other files of such a package are not searched.  A
module without an attribute of its own name is not listed.  Installed packages add parts by the
entry-point group `whet.parts`, with names of the form `KIND.NAME`:

    [project.entry-points."whet.parts"]
    "algorithm.mine" = "package.module:mine"

A path to a Python file works wherever a name does: `mine.py`, or `mine.py:other_name`.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from whet.invoked import command, program
from whet.scripts import imported, reason
from whet.types import IntegrityError, UsageError

GROUP = "whet.parts"
ROOMS = {
    "algorithm": "whet.policy.algorithms",
    "reward": "whet.rewards",
    "sampling": "whet.sampling",
    "corpus": "whet.data.procedural",
    "benchmark": "whet.data.benchmarks",
    "environment": "whet.environments",
    "extension": "whet.policy.extensions",
    "recipe": "whet.recipes",
}
PLURAL = {kind: f"{kind}s" for kind in ROOMS} | {"sampling": "sampling", "corpus": "corpora"}


class Place(NamedTuple):
    """The place of a part: a module, the attribute in it, and its file or distribution."""

    module: str
    attribute: str
    origin: str

    @property
    def family(self) -> str:
        """The family: the innermost folder below the package of the kind, or empty."""
        room = next((r for r in ROOMS.values() if self.module.startswith(f"{r}.")), "")
        inner = self.module.removeprefix(f"{room}.").split(".")[:-1] if room else []
        return inner[-1] if inner else ""

    def load(self) -> Callable[..., Any]:
        """Import the module and take the attribute, such as `mine` or `Mine.of`.

        Raises `UsageError` for an exception of an installed package that is not whet.
        """
        if self.module.startswith("whet."):
            return getattr(import_module(self.module), self.attribute)
        try:
            return attrgetter(self.attribute)(import_module(self.module))
        except (UsageError, IntegrityError):
            raise
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"{self.origin} can't be loaded: {reason(error)}; mend or uninstall that package"
            ) from error


def names(kind: str) -> Mapping[str, Place]:
    """Every part of a kind by name, from whet and from installed packages.

    Raises `UsageError` if two parts have one name; the message has both places.
    """
    return _joined(kind, (*_own(ROOMS[kind]), *_installed(kind, tuple(sys.path))))


def find(kind: str, name: str) -> Callable[..., Any]:
    """The function or class that a name, or a path to a Python file, stands for.

    Raises `UsageError` for an unknown name, with the nearest one.
    """
    path, _, attribute = name.partition(":")
    if path.endswith(".py"):
        return attribute_of(kind, path, attribute)
    known = names(kind)
    if name not in known:
        raise UsageError(f"{kind} {name!r} is unknown; {nearest(name, known)} ({listing(kind)})")
    return known[name].load()


def attribute_of(kind: str, path: str, attribute: str = "") -> Callable[..., Any]:
    """An attribute of a user's file; by default the function or class with the file's name."""
    module, stem = imported(path, kind), Path(path).stem.replace("-", "_")
    wanted = (attribute,) if attribute else (stem, camel(stem))
    for one in wanted:
        if hasattr(module, one):
            return getattr(module, one)
    own = [n for n, x in vars(module).items() if getattr(x, "__module__", "") == module.__name__]
    remedy = f"write {path}:NAME for one of {', '.join(own)}" if own else "it defines nothing"
    raise UsageError(f"{kind} {path!r} has no {wanted[0]!r}; name it after the file, or {remedy}")


def listing(kind: str) -> str:
    """The command that lists a kind; for a slot, the one that lists its paths and choices."""
    if kind in PLURAL:
        return command("list", PLURAL[kind])
    return f"{program()} train RECIPE --help-all"


def nearest(name: str, names: Iterable[str]) -> str:
    """A suggestion: the closest name, or all names if none is close."""
    known = sorted(names)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(known)}"


def camel(name: str) -> str:
    """`non_zero_spread` as a class name: `NonZeroSpread`."""
    return name.title().replace("_", "")


def parts_below(package: str) -> dict[str, Place]:
    """Every part of one package by name; raises `UsageError` for two of one name."""
    return _joined(package, _own(package))


def _joined(kind: str, found: Iterable[tuple[str, Place]]) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for name, place in found:
        if name in places:
            raise UsageError(
                f"{kind} {name!r} is offered twice, by {places[name].origin} and by "
                f"{place.origin}; rename one of them"
            )
        places[name] = place
    return dict(sorted(places.items()))


def _own(package: str) -> tuple[tuple[str, Place], ...]:
    """Parts below a package, found by reading the files, without importing them."""
    if package in sys.modules:
        folders = sys.modules[package].__path__
    else:
        spec = find_spec(package)
        folders = (spec.submodule_search_locations or ()) if spec else ()
    return tuple(found for folder in folders for found in _walked(folder, package))


@cache
def _walked(folder: str, package: str) -> tuple[tuple[str, Place], ...]:
    return tuple(_below(Path(folder), package))


@cache
def _installed(kind: str, search_path: tuple[str, ...]) -> tuple[tuple[str, Place], ...]:
    """Parts of installed packages, for one state of `sys.path`."""
    del search_path
    return tuple(_named_by_entry_points(kind))


def _named_by_entry_points(kind: str) -> Iterator[tuple[str, Place]]:
    for point in entry_points(group=GROUP):
        of, dot, name = point.name.partition(".")
        if of not in ROOMS or not dot or not point.pattern.match(point.value) or not point.attr:
            raise UsageError(
                f"entry point {point.name!r} = {point.value!r} of group {GROUP} is not a part; "
                f"write KIND.NAME = module:attribute with one of the kinds {', '.join(ROOMS)}"
            )
        if of == kind:
            package = point.dist.name if point.dist else "an installed package"
            yield name, Place(point.module, point.attr, f"{point.value} ({package})")


def _below(folder: Path, package: str) -> Iterator[tuple[str, Place]]:
    for path in sorted(folder.iterdir()):
        name = path.stem
        inside = path / "__init__.py"
        file = inside if inside.is_file() else path
        if name.startswith("_") or file.suffix != ".py":
            continue
        module = f"{package}.{name}"
        attribute = next((a for a in (name, camel(name)) if a in _bound(file)), "")
        if attribute:
            yield name, Place(module, attribute, str(file))
        elif file is inside:
            yield from _below(path, module)


def _bound(file: Path) -> set[str]:
    """The names that a file defines or imports at its top level, or under an `if` there.

    A package may import its part under `if TYPE_CHECKING`, and otherwise when it is asked for.
    """
    found: set[str] = set()
    body = ast.parse(file.read_bytes()).body
    for node in (*body, *(inner for top in body if isinstance(top, ast.If) for inner in top.body)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.asname or alias.name for alias in node.names)
    return found
