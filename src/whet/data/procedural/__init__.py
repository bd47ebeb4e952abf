"""Procedural families: tasks without end, and a checker for every step of an answer."""

from typing import ClassVar, Protocol, runtime_checkable

from whet.protocols import Family


@runtime_checkable
class Procedural(Family, Protocol):
    """A family that says how hard its tasks can be, and of which characters they are made."""

    levels: ClassVar[tuple[int, int]]
    alphabet: ClassVar[str]
