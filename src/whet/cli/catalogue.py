"""The catalogue: every discovered part by kind, and the parts of slots by name.

Lists are read from the files, without importing them.
"""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from inspect import getsource, getsourcefile
from pathlib import Path
from types import ModuleType
from typing import Any

from whet import registry
from whet.invoked import command
from whet.registry import Place
from whet.types import UsageError

KIND_WITH_SLOTS = "sampling"
KINDS = {plural: kind for kind, plural in registry.PLURAL.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of the catalogue: its kind in the plural, its name, and its place."""

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
        return (ast.get_docstring(ast.parse(self.source)) or "").partition("\n")[0]

    @property
    def lines(self) -> int:
        """The number of lines of its file."""
        return len(self.source.splitlines())

    @property
    def source(self) -> str:
        """The text of its file.  A part of an installed package is imported first."""
        file = Path(self.place.origin)
        return file.read_text(encoding="utf-8") if file.is_file() else getsource(self.module)

    @property
    def slot(self) -> str:
        """The slot that a sampling part fills; empty for other kinds.  It imports the part."""
        from whet.cli.sampling_slots import slot_of

        return slot_of(self.offer()) if self.kind == KIND_WITH_SLOTS else ""

    @property
    def flag(self) -> str:
        """The flag that chooses a sampling part; empty for other kinds.  It imports the part."""
        from whet.cli.sampling_slots import flag_of

        return flag_of(self.offer(), self.name) if self.kind == KIND_WITH_SLOTS else ""

    def offer(self) -> Callable[..., Any]:
        """The function or class itself."""
        return self.place.load()


def entries(kind: str) -> list[Entry]:
    """Every part of a kind (in the plural), by name."""
    return [Entry(kind, name, place) for name, place in registry.names(KINDS[kind]).items()]


def by_slot(found: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Sampling parts by their slot, in the order of the standard strategy's slots."""
    from whet.cli.sampling_slots import WHOLE, slots

    found = list(found)
    blocks = [(slot, [e for e in found if e.slot == slot]) for slot in (WHOLE, *slots(), "")]
    return [(slot, members) for slot, members in blocks if members]


def kind_of(text: str) -> str:
    """A kind in the plural, from its singular or plural.  Raises `UsageError` for another word."""
    plural = registry.PLURAL.get(text, text)
    if plural not in KINDS:
        raise UsageError(f"kind {text!r} is unknown; {registry.nearest(text, KINDS)}")
    return plural


def find(name: str) -> list[Entry]:
    """The parts with this name, of every kind and of every slot.

    Raises `UsageError` with the nearest spelling where there is none.
    """
    from whet.cli import choices

    everything = [entry for kind in KINDS for entry in entries(kind)]
    found = [entry for entry in everything if entry.name == name]
    known = {(entry.place.module, entry.place.attribute) for entry in found}
    parts = [p for p in choices.public() if choices.same(p.__name__, name)]
    if not found and not parts:  # engines are slow to import
        parts = [p for p in choices.public(choices.ENGINES) if choices.same(p.__name__, name)]
    parts = parts or [
        p for p in choices.public() if not found and choices.same(choices.short(p), name)
    ]
    found += [_of_slot(p) for p in parts if (p.__module__, p.__qualname__) not in known]
    if not found:
        names = {
            *(e.name for e in everything),
            *(choices.snake(p.__name__) for p in choices.public()),
        }
        near = registry.nearest(name, names)
        raise UsageError(f"{name!r} is unknown; {near} ({command('list')})")
    return found


def _of_slot(part: type) -> Entry:
    """A part that fills a slot: `truncated`, `cosine`, `lora`."""
    from whet.cli import choices

    place = Place(part.__module__, part.__qualname__, getsourcefile(part) or "")
    return Entry(choices.slot_of(part), choices.snake(part.__name__), place)
