"""A value is a tree of parts: walk it, and ask each part what it declares of itself."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from whet.protocols.part import Part
from whet.types import RunSpec


def walk(value: Any) -> Iterator[Any]:
    """The part and every part that it holds, at any depth, outermost first; equal ones again."""
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        for field in fields(value):
            yield from walk(getattr(value, field.name))


def warnings(value: Any, spec: RunSpec) -> list[str]:
    """What its parts call worth a second thought, each once."""
    parts = _parts(value)
    said = [text for part in parts for text in (part.standing_warning, part.run_warning(spec))]
    return list(dict.fromkeys(text for text in said if text))


def errors(value: Any, spec: RunSpec) -> list[str]:
    """Why its parts can't work in these circumstances; nothing where they can."""
    said = [part.run_error(spec) for part in _parts(value)]
    return list(dict.fromkeys(text for text in said if text))


def _parts(value: Any) -> list[Part]:
    return [held for held in walk(value) if isinstance(held, Part)]
