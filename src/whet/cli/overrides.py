"""Dotted paths into a frozen value: the same value with some fields, and some parts, changed.

A part is chosen before its fields are set, in any order of the flags:
`--sampling.gate.max_rounds 5 --sampling.gate non_zero_spread`.  A part that replaces another one
keeps its settings: the fields of equal name and type that differ from their defaults.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from inspect import Parameter, signature
from typing import Any, get_args, get_type_hints

from whet.cli import values
from whet.cli.choices import Built, choose, having, offered, same, slot_types, snake, suits
from whet.cli.flags import Flag, match, path_of
from whet.types import UsageError


@dataclass(slots=True)
class Node:
    """The settings of one field: its own flag, and those of the fields inside it."""

    flag: Flag | None = None
    inner: dict[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A part that is changed or made, its path, and the declared type of its slot."""

    make: Callable[..., Any]
    path: str
    hint: Any = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a part, or a parameter of a function that makes one."""

    hint: Any
    default: Any = MISSING


def tree(flags: Sequence[Flag]) -> Node:
    """Arrange flags in a tree by their paths."""
    root = Node()
    for flag in flags:
        node = root
        for name in flag.path:
            node = node.inner.setdefault(name, Node())
        node.flag = flag
    return root


def changed(held: Any, inner: Mapping[str, Node], path: str = "", hint: Any = None) -> Any:
    """A dataclass, in a slot of type `hint`, with some of its fields set.

    Raises `UsageError` for an unknown field, and for a value that the part refuses.
    """
    known = settings_of(type(held))
    where = Target(type(held), path, hint)
    found = {name: (known[name], node) for name, node in _matched(where, inner)}
    new = {
        name: _new(setting.hint, getattr(held, name), node, _join(path, name))
        for name, (setting, node) in found.items()
    }
    return replace(held, **new) if new else held


def made(make: Callable[..., Any], name: str, inner: Mapping[str, Node], path: str) -> Any:
    """The part that a class or a function makes from its defaults and the given settings."""
    return _made(make, name, inner, path, MISSING)


def paths(held: Any, path: str = "", hint: Any = None) -> Iterator[tuple[str, Any, Any]]:
    """Every path into a value, with its declared type and its value; outer parts come first."""
    if path:
        yield path, hint, held
    if _is_part(held):
        for name, setting in settings_of(type(held)).items():
            yield from paths(getattr(held, name), _join(path, name), setting.hint)
    elif isinstance(held, tuple) and any(map(_is_part, held)):
        for i, item in enumerate(held):
            yield from paths(item, _join(path, str(i)), _item(hint, i))


@cache
def settings_of(make: Callable[..., Any]) -> dict[str, Setting]:
    """The fields of a part that may be set, or the parameters of a function."""
    hints = _hints(make)
    if is_dataclass(make):
        return {
            f.name: Setting(hints.get(f.name, Any), _default(f)) for f in fields(make) if f.init
        }
    known = signature(make).parameters.values()
    return {
        p.name: Setting(
            hints.get(p.name, Any), MISSING if p.default is Parameter.empty else p.default
        )
        for p in known
    }


def _new(hint: Any, held: Any, node: Node, path: str) -> Any:
    """The new value of one field: another value, or the old one with a field inside changed."""
    if node.flag is None:
        return _with(hint, held, node.inner, path)
    item = values.item_of(hint)
    if slot_types(hint):
        return _chosen(hint, held, node, path)
    if item is not None and slot_types(item):
        return _several(item, held, node, path)
    if node.inner:
        raise UsageError(f"{path} is a value, so there is no {path}.{next(iter(node.inner))}")
    return values.value(node.flag.text, hint, node.flag.named(path))


def _chosen(hint: Any, held: Any, node: Node, path: str) -> Any:
    """The part that the flag names, with its settings."""
    assert node.flag is not None
    found = choose(hint, node.flag.text, node.flag.named(path))
    if isinstance(found, Built):
        return _with(hint, found.part, node.inner, path) if node.inner else found.part
    part = _made(found.make, found.name, node.inner, path, held)
    if not suits(part, hint):
        raise UsageError(f"{path} is {found.name!r}, which gives a {type(part).__name__}")
    return part


def _several(item: Any, held: Any, node: Node, path: str) -> tuple[Any, ...]:
    """A list of parts by their names, each with the settings of its index."""
    assert node.flag is not None
    try:
        texts = values.items(node.flag.text)
    except ValueError:
        told = f"{node.flag.named(path)} is {node.flag.text!r}"
        raise UsageError(f"{told}; give a list with commas, or as JSON") from None
    inner = _within(node.inner, texts, path)
    before = held if isinstance(held, tuple) else ()
    found = []
    for i, text in enumerate(texts):
        own = inner.get(str(i), Node())
        said = Node(own.flag or Flag((), text, node.flag.said), own.inner)
        same = [b for b in before if snake(type(b).__name__) == text]
        found.append(_chosen(item, next(iter([*same, *before[i:]]), None), said, f"{path}.{i}"))
    return tuple(found)


def _with(hint: Any, held: Any, inner: Mapping[str, Node], path: str) -> Any:
    """The held value with a field inside changed."""
    if _is_part(held):
        return changed(held, inner, path, hint)
    if isinstance(held, tuple):
        inner = _within(inner, [snake(type(item).__name__) for item in held], path)
        new = [
            _new(_item(hint, i), item, inner[str(i)], f"{path}.{i}") if str(i) in inner else item
            for i, item in enumerate(held)
        ]
        return tuple(new)
    if held is None and slot_types(hint):
        return _only(hint, inner, path)
    if held is MISSING and isinstance(hint, type) and is_dataclass(hint):
        return made(hint, hint.__name__, inner, path)
    said = values.shown(held) if held is not MISSING else "not given"
    raise UsageError(f"{path} is {said}, so there is no {path}.{next(iter(inner))}")


def _only(hint: Any, inner: Mapping[str, Node], path: str) -> Any:
    """The part of an empty slot that takes one kind of part only."""
    known = offered(hint)
    if len(known) != 1:
        raise UsageError(
            f"{path} is none; choose one first: --{path} with one of {', '.join(known)}"
        )
    found = choose(hint, known[0], path)
    assert not isinstance(found, Built)
    return made(found.make, found.name, inner, path)


def _made(
    make: Callable[..., Any], name: str, inner: Mapping[str, Node], path: str, before: Any
) -> Any:
    known = settings_of(make)
    kept = _kept(make, before)
    given = dict(kept)
    for field_name, node in _matched(Target(make, path), inner):
        setting = known[field_name]
        held = kept.get(field_name, setting.default)
        given[field_name] = _new(setting.hint, held, node, _join(path, field_name))
    missing = [n for n, s in known.items() if s.default is MISSING and n not in given]
    if missing:
        flags = ", ".join(f"--{_join(path, n)}" for n in missing)
        raise UsageError(f"{path} is {name}, which needs {', '.join(missing)}; give {flags}")
    return make(**given)


def _kept(make: Callable[..., Any], before: Any) -> dict[str, Any]:
    """The settings of the replaced part that the new part has with the same type."""
    if not is_dataclass(make) or not _is_part(before):
        return {}
    old, new = settings_of(type(before)), settings_of(make)
    same = [n for n in new if n in old and old[n].hint == new[n].hint]
    return {n: held for n in same if not _equal(held := getattr(before, n), old[n].default)}


def _matched(where: Target, inner: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    known = settings_of(where.make)
    for name, node in inner.items():
        found = match(name, known)
        if found is None:
            raise UsageError(_no_field(where, name, node))
        yield found, node


def _no_field(where: Target, name: str, node: Node) -> str:
    """The message for an unknown field: all fields, the nearest one, and parts that have it."""
    known = list(settings_of(where.make))
    close = get_close_matches(name, known, n=1)
    told = [
        f"{where.make.__name__} has no field {name!r}",
        f"it has {', '.join(known)}" if known else "it has none",
        f"perhaps you meant --{_join(where.path, close[0])}" if close else "",
    ]
    others = [] if close or where.hint is None else having(where.hint, name)
    told += [f"choose --{where.path} {' or '.join(others)}"] if others else []
    return f"{_said(node, _join(where.path, name))}: {'; '.join(filter(None, told))}"


def _said(node: Node, path: str) -> str:
    """The flag as the user wrote it, with its path where the two differ."""
    flag = node.flag
    while flag is None:
        node = next(iter(node.inner.values()))
        flag = node.flag
    if not flag.said.startswith("--"):
        return f"{flag.said}"
    return f"--{path}" if flag.dotted == ".".join(path_of(flag.said)) else f"{flag.said} ({path})"


def _within(inner: Mapping[str, Node], names: Sequence[str], path: str) -> dict[str, Node]:
    """The settings by index of a list of parts, of which one may be named instead of counted."""
    found: dict[str, Node] = {}
    for name, node in inner.items():
        places = [i for i, one in enumerate(names) if name == str(i) or same(name, one)]
        if len(places) != 1:
            told = ", ".join(f"{path}.{i} ({one})" for i, one in enumerate(names)) or "no part"
            raise UsageError(f"{path}.{name} is not there: {path} has {len(names)} of them, {told}")
        if str(places[0]) in found:
            raise UsageError(
                f"{path}.{name} is set by its name and by its number, {places[0]}; use one of them"
            )
        found[str(places[0])] = node
    return found


def _item(hint: Any, index: int) -> Any:
    inner = get_args(hint)
    return inner[index] if values.length_of(hint) else next(iter(inner), Any)


def _hints(make: Callable[..., Any]) -> dict[str, Any]:
    """The declared types; empty if a file uses a type that it doesn't import."""
    try:
        return get_type_hints(make)
    except NameError:
        return {}


def _default(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _is_part(held: Any) -> bool:
    return is_dataclass(held) and not isinstance(held, type)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
