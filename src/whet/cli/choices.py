"""Which parts may fill a slot, and the part that a name means.

A slot takes every dataclass of its declared type: those of the rooms where such parts live, by the
class's name (`non_zero_spread` or `NonZeroSpread`), those of the registry, and those of files
(`mine.py`, `mine.py:Name`) or packages (`package.module:Name`).
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from whet import data, registry, rewards
from whet.cli.values import NONE, arms
from whet.environments.adapters.finding import foreign
from whet.protocols import (
    Algorithm,
    Companion,
    Corpus,
    Environment,
    Gate,
    GroupReplay,
    GroupReward,
    GroupSize,
    Part,
    PromptOrder,
    Reward,
    Sampling,
    Schedule,
    Shape,
)
from whet.scripts import MODULES, imported, reason
from whet.types import IntegrityError, UsageError

# packages of the parts, by the module that declares their type
_ROOMS = {
    "whet.protocols.algorithm": ("whet.policy",),
    "whet.protocols.engine": ("whet.engines",),
    "whet.protocols.reward": ("whet.rewards", "whet.engines"),
    "whet.protocols.sampling": ("whet.sampling",),
    "whet.protocols.slots": ("whet.sampling",),
    "whet.protocols.worlds": ("whet.environments", "whet.data"),
    "whet.types.optimizers": ("whet.types.optimizers",),
}
_KINDS: Mapping[type, str] = {
    Algorithm: "algorithm",
    Companion: "extension",
    Corpus: "corpus",
    Environment: "environment",
    Gate: "sampling",
    GroupReplay: "sampling",
    GroupReward: "reward",
    GroupSize: "sampling",
    PromptOrder: "sampling",
    Reward: "reward",
    Sampling: "sampling",
    Schedule: "sampling",
    Shape: "sampling",
}
_DOORS: Mapping[str, Callable[[str], Any]] = {"corpus": data.corpus, "reward": rewards.find}
ENGINES = ("whet.engines",)
PARTS = tuple({r: 0 for rooms in _ROOMS.values() for r in rooms if r not in ENGINES})
_REGISTERED = {"algorithm", "reward"}  # kinds with names that fit all of their slots
_MANY = 24  # names; more of them are listed by a command


@dataclass(frozen=True, slots=True)
class Built:
    """A part that is an object already."""

    part: Any


@dataclass(frozen=True, slots=True)
class Maker:
    """A class or a function that makes the part from its settings."""

    name: str
    make: Callable[..., Any]


def slot_types(hint: Any) -> tuple[type, ...]:
    """The types of part that a slot's declared type takes; empty for other types."""
    return tuple(arm for arm in arms(hint) if _is_part_type(arm))


def choose(hint: Any, text: str, path: str) -> Built | Maker:
    """The part that a text names in a slot.  Raises `UsageError` for other texts."""
    types = slot_types(hint)
    kind = _kind(types)
    if text.lower() in {NONE, "false"}:
        return _absent(hint, text, path)
    found = _from_file(types, text, path) or _registered(types, text) or _in_room(types, text)
    if found is None and text.lower() == "true" and len(known := offered(hint)) == 1:
        found = _in_room(types, known[0])
    if found is None and kind in _DOORS:
        return Built(_DOORS[kind](text))
    if found is None:
        what = "of another kind" if text in _names(types) else "unknown"
        raise UsageError(f"{path} {text!r} is {what}; {_remedy(hint, text)}")
    return found


def offered(hint: Any) -> tuple[str, ...]:
    """The names that a slot takes, sorted."""
    types = slot_types(hint)
    if (kind := _kind(types)) in _REGISTERED:
        return tuple(_names(types))
    families = _names(types) if kind == "corpus" else ()
    return tuple(sorted({*families, *(snake(part.__name__) for part in _parts(types))}))


def having(hint: Any, name: str) -> list[str]:
    """The parts of a slot that have a field of that name."""
    known = [part for part in _parts(slot_types(hint)) if _has(part, name)]
    return sorted(snake(part.__name__) for part in known)


def suits(part: Any, hint: Any) -> bool:
    """Whether the class of an object fits the type of a slot."""
    return any(_is_a(type(part), of) for of in slot_types(hint))


def public(rooms: tuple[str, ...] = PARTS) -> Iterator[type]:
    """The concrete dataclasses of some rooms, and of the user's files."""
    for room in rooms:
        _import_all(room)
    for name, module in sorted(sys.modules.items()):
        inside = any(f"{name}.".startswith(f"{room}.") for room in rooms)
        if inside or name.startswith(MODULES):
            yield from _own(module)


def same(one: str, other: str) -> bool:
    """Whether two names of parts are equal without capitals and underscores."""
    return one.lower().replace("_", "") == other.lower().replace("_", "").replace("-", "")


def short(part: type) -> str:
    """The name of a part without that of its base class: `Cosine` for `CosineDecay(Decay)`."""
    bases = [base.__name__ for base in part.__bases__ if part.__name__ != base.__name__]
    name = part.__name__
    return next((name.removesuffix(base) for base in bases if name.endswith(base)), name)


def slot_of(part: type) -> str:
    """The name of a part's slot in the singular, such as `correction`."""
    bases = [base for base in part.__mro__[1:] if base.__module__.startswith("whet.protocols")]
    return snake(next((base.__name__ for base in bases if base is not Part), "part"))


def snake(name: str) -> str:
    """`NonZeroSpread` as a word of the command line: `non_zero_spread`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z0-9])|(?<=[a-z]{3})(?=[A-Z]{2}$)", "_", name).lower()


def _has(part: Any, name: str) -> bool:
    return any(f.name == name and f.init for f in fields(part))


def _kind(types: tuple[type, ...]) -> str:
    """The registry's kind for a slot; empty if the registry has none."""
    return next((_KINDS[of] for of in types if of in _KINDS), "")


def _names(types: tuple[type, ...]) -> Mapping[str, registry.Place]:
    """The registered parts of the slot's kind."""
    kind = _kind(types)
    return registry.names(kind) if kind else {}


def _from_file(types: tuple[type, ...], text: str, path: str) -> Built | Maker | None:
    """A class, a function that makes the part, or the part itself, of a file or a package."""
    file, colon, attribute = text.partition(":")
    if _kind(types) in _DOORS or not (colon or file.endswith(".py")):
        return None
    if Environment in types and (adapter := foreign(text)) is not None:
        return Built(adapter)
    if file.endswith(".py"):
        kind = _kind(types) or path
        attribute = attribute or _only_part(types, file, kind)
        offer = registry.attribute_of(kind, file, attribute)
    else:
        offer = _imported(file, attribute, path)
    if any(_is_a(type(offer), of) for of in types):
        return Built(offer)
    if callable(offer) and (_fits(offer, types) or not isinstance(offer, type)):
        return Maker(text, offer)
    wanted = " or ".join(of.__name__ for of in types)
    raise UsageError(f"{path} is {text!r}, which is no {wanted}; make it a subclass of that")


def _only_part(types: tuple[type, ...], file: str, kind: str) -> str:
    """The name of the one class of a file that fits a slot; empty for none or several."""
    own = _own(imported(file, kind))
    found = [part.__name__ for part in own if _fits(part, types)]
    return found[0] if len(found) == 1 else ""


def _registered(types: tuple[type, ...], text: str) -> Built | Maker | None:
    kind, place = _kind(types), _names(types).get(text)
    if place is None:
        return None
    if kind == "corpus":
        return Built(data.corpus(text))
    offer = place.load()
    return Maker(text, offer) if kind == "algorithm" or _fits(offer, types) else None


def _in_room(types: tuple[type, ...], text: str) -> Maker | None:
    found = [part for part in _parts(types) if same(part.__name__, text)]
    found = found or [part for part in _parts(types) if same(short(part), text)]
    return Maker(snake(found[0].__name__), found[0]) if found else None


def _absent(hint: Any, text: str, path: str) -> Built:
    if type(None) not in arms(hint):
        raise UsageError(f"{path} is {text!r}, but it can't be left out; {_remedy(hint, text)}")
    return Built(None)


def _remedy(hint: Any, text: str) -> str:
    """The end of a message: the nearest name, and all names or the command that lists them."""
    known, kind = offered(hint), _kind(slot_types(hint))
    if len(known) == 1 and len(arms(hint)) == 1 and isinstance(hint, type) and is_dataclass(hint):
        inner = ", ".join(f.name for f in fields(hint) if f.init)
        return f"it is always {hint.__name__}, of which you may set {inner}"
    if not known:
        return "give path.py:NAME"
    near = registry.nearest(text, known)
    if len(known) > _MANY and kind:
        return f"{near} ({registry.listing(kind)})" if "mean" in near else registry.listing(kind)
    every = f"choose from {', '.join(known)}"
    return f"{near}  {every}" if near != every else every


def _imported(module: str, attribute: str, path: str) -> Any:
    try:
        return getattr(import_module(module), attribute)
    except (UsageError, IntegrityError):
        raise
    except (Exception, SystemExit) as error:  # what the module raises when it is imported
        raise UsageError(
            f"{path} is '{module}:{attribute}', which can't be imported: {reason(error)}"
        ) from error


def _is_part_type(hint: Any) -> bool:
    if not isinstance(hint, type):
        return False
    return is_dataclass(hint) or issubclass(hint, Part) or isabstract(hint) or _is_protocol(hint)


def _is_protocol(of: type) -> bool:
    return bool(getattr(of, "_is_protocol", False))


def _fits(offer: Any, types: tuple[type, ...]) -> bool:
    return isinstance(offer, type) and any(_is_a(offer, of) for of in types)


def _is_a(part: type, of: type) -> bool:
    """Whether a class is a subclass.  For a protocol it has to have all its methods."""
    if not _is_protocol(of):
        return issubclass(part, of)
    asked = {n for n, x in vars(of).items() if callable(x) and (n[0] != "_" or n == "__call__")}
    return asked <= {n for base in part.__mro__ for n, x in vars(base).items() if callable(x)}


def _parts(types: tuple[type, ...]) -> list[type]:
    rooms = dict.fromkeys(room for of in types for room in _rooms_of(of))
    return [part for part in public(tuple(rooms)) if _fits(part, types)]


def _rooms_of(of: type) -> tuple[str, ...]:
    if not of.__module__.startswith("whet."):
        return (of.__module__,)
    return _ROOMS.get(of.__module__, (".".join(of.__module__.split(".")[:2]),))


def _own(module: ModuleType) -> Iterator[type]:
    for name, part in vars(module).items():
        if not isinstance(part, type) or part.__module__ != module.__name__ or name[0] == "_":
            continue
        if "__dataclass_fields__" in vars(part) and not isabstract(part):
            yield part


@cache
def _import_all(room: str) -> None:
    module = import_module(room)
    for found in walk_packages(getattr(module, "__path__", ()), f"{room}."):
        import_module(found.name)
