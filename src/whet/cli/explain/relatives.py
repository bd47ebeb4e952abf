"""Nearest relatives: the algorithms that differ in the fewest slots, with the differences."""

from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from whet.cli.explain.equation import SYMBOLS
from whet.cli.explain.parts import brief

COUNT = 4


class Relative(NamedTuple):
    """Another algorithm, and each slot in which it differs: mine → its."""

    name: str
    differences: tuple[str, ...]


def slots(algorithm: Any) -> dict[str, Any]:
    """The part in each slot; empty slots are left out."""
    if not hasattr(algorithm, "__dataclass_fields__"):
        return {}
    held = {
        f.name: getattr(algorithm, f.name)
        for f in fields(algorithm)
        if f.name != "why_not_reinforce"
    }
    return {slot: part for slot, part in held.items() if part is not None and part != ()}


def nearest(name: str, known: dict[str, Any], count: int = COUNT) -> list[Relative]:
    """The algorithms that share a slot with this one, those with the fewest differences first."""
    mine = slots(known[name])
    ranked = []
    for other, algorithm in known.items():
        theirs = slots(algorithm)
        names = dict.fromkeys([*mine, *theirs])
        changed = [slot for slot in names if mine.get(slot) != theirs.get(slot)]
        if other != name and len(changed) < len(names):
            other_kind = [slot for slot in changed if not _same_kind(mine, theirs, slot)]
            lines = tuple(_difference(slot, mine.get(slot), theirs.get(slot)) for slot in changed)
            ranked.append((len(changed), len(other_kind), Relative(other, lines)))
    return [relative for *_, relative in sorted(ranked)[:count]]


def _same_kind(mine: dict[str, Any], theirs: dict[str, Any], slot: str) -> bool:
    return type(mine.get(slot)) is type(theirs.get(slot))


def _difference(slot: str, mine: Any, theirs: Any) -> str:
    symbol = SYMBOLS.get(slot, slot)
    return f"{symbol}: {_moved(mine, theirs)}"


def _moved(mine: Any, theirs: Any) -> str:
    """The fields in which two parts of one kind differ, at any depth."""
    if isinstance(mine, tuple) and len(mine) == len(theirs or ()):
        pairs = zip(mine, theirs, strict=True)
        return " + ".join(brief(a) if a == b else _moved(a, b) for a, b in pairs)
    if type(mine) is not type(theirs) or not is_dataclass(mine):
        return f"{brief(mine)} → {brief(theirs)}"
    held = [(f.name, getattr(mine, f.name), getattr(theirs, f.name)) for f in fields(mine)]
    inner = ", ".join(f"{name}: {_moved(a, b)}" for name, a, b in held if a != b)
    return f"{type(mine).__name__}({inner})"
