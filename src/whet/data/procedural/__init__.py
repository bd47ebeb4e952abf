"""Procedural task families: unlimited tasks, with a checker for every step of a reply."""

from typing import ClassVar, Protocol, runtime_checkable

from whet.protocols import Family


@runtime_checkable
class Procedural(Family, Protocol):
    """A family with a range of levels and the characters of its tasks and replies."""

    levels: ClassVar[tuple[int, int]]
    alphabet: ClassVar[str]
