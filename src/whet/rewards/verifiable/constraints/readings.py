"""The texts that a reply is read as: itself, or also what is left without a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@runtime_checkable
class ReplyReading(Protocol):
    """The texts of a reply; a constraint is met where one of them meets it."""

    def __call__(self, text: str) -> Sequence[str]:
        """At least one text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsWritten(ReplyReading):
    """The reply itself, as for IFEval's strict accuracy."""

    def __call__(self, text: str) -> Sequence[str]:
        return (text,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmed(ReplyReading):
    """The reply with and without its first line, its last line and its asterisks: eight texts.

    This is IFEval's loose accuracy (arXiv:2311.07911, as its code has it).  Blank texts don't
    count.
    """

    def __call__(self, text: str) -> Sequence[str]:
        lines = text.split("\n")
        cut = (lines[1:], lines[:-1], lines[1:-1])
        whole = (text, *("\n".join(held).strip() for held in cut))
        every = (*whole, *(one.replace("*", "") for one in whole))
        return tuple(one for one in every if one.strip()) or (text,)
