"""The classes that a reward's settings may have: from the types of its fields."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from inspect import getdoc, isabstract, isfunction, signature
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from whet.protocols import GroupReward, Reward
from whet.registry import names

ROOMS = ("whet.rewards.", "whet.sandbox.")


@dataclass(slots=True)
class SettingChoice:
    """A kind of setting: its interface, the classes to choose from, and the fields that take it."""

    title: str
    says: str
    classes: list[type[Any]]
    taken_by: list[str] = field(default_factory=list)


def choices() -> list[SettingChoice]:
    """Every kind of setting of every reward, by its name."""
    found: dict[tuple[type[Any], ...], SettingChoice] = {}
    for name, place in names("reward").items():
        offer = place.load()
        if not is_dataclass(offer):
            continue
        hints = get_type_hints(offer)
        for one in fields(offer):
            kinds = tuple(_kinds(hints[one.name]))
            if kinds and one.init:
                choice = found.setdefault(kinds, _choice(kinds, hints[one.name]))
                choice.taken_by.append(f"{name}.{one.name}")
    return sorted(found.values(), key=lambda choice: choice.title)


def public(kind: type[Any]) -> str:
    """The shortest module that a class can be imported from."""
    parts = kind.__module__.split(".")
    modules = (".".join(parts[:n]) for n in range(2, len(parts) + 1))
    return next(m for m in modules if getattr(import_module(m), kind.__name__, None) is kind)


def _choice(kinds: tuple[type[Any], ...], hint: Any) -> SettingChoice:
    if len(kinds) == 1:
        classes = list(_fitting(kinds[0]))
        return SettingChoice(kinds[0].__name__, getdoc(kinds[0]) or "", classes or [kinds[0]])
    return SettingChoice(" | ".join(kind.__name__ for kind in kinds), "", list(kinds))


def _kinds(hint: Any) -> Iterator[type[Any]]:
    """The classes of a field's type that live in these rooms, rewards aside."""
    if get_origin(hint) in (Union, UnionType, tuple):
        for inner in get_args(hint):
            yield from _kinds(inner)
    elif isinstance(hint, type) and not issubclass(hint, Reward | GroupReward):
        yield from (kind for kind in (hint,) if kind.__module__.startswith(ROOMS))


def _fitting(kind: type[Any]) -> Iterator[type[Any]]:
    """The classes that implement an interface, in its module or else in its package."""
    if is_dataclass(kind) and not isabstract(kind):
        return
    package = kind.__module__.rpartition(".")[0]
    around = [m for m in sorted(sys.modules) if m.startswith(f"{package}.")]
    own = [value for value in _classes(kind.__module__) if _implements(value, kind)]
    yield from own or (v for m in around for v in _classes(m) if _implements(v, kind))


def _classes(module: str) -> list[type[Any]]:
    """The public dataclasses that a module defines, rewards aside."""
    return [
        value
        for name, value in vars(sys.modules[module]).items()
        if isinstance(value, type)
        and is_dataclass(value)
        and value.__module__ == module
        and not (name.startswith("_") or isabstract(value) or issubclass(value, Reward))
    ]


def _implements(kind: type[Any], interface: type[Any]) -> bool:
    promised = [m for m in vars(interface) if m == "__call__" or not m.startswith("_")]
    return bool(promised) and all(_same(kind, interface, member) for member in promised)


def _same(kind: type[Any], interface: type[Any], member: str) -> bool:
    """Whether the class has the member, and if it is a method, with the same signature."""
    wanted = vars(interface)[member]
    held = next((vars(base)[member] for base in kind.__mro__ if member in vars(base)), None)
    if not isfunction(wanted):
        return held is not None
    return isfunction(held) and signature(held) == signature(wanted)
