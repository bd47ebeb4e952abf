"""Entries per ticket, kept by an extension until the step of these tickets ends."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from whet.protocols.extension import StepContext
from whet.types import Ticket

T = TypeVar("T")


@dataclass(slots=True)
class ByTicket(Generic[T]):
    """One entry per ticket, taken out in ticket order whatever the order of insertion."""

    held: dict[tuple[int, int], T] = field(default_factory=dict)

    def put(self, ticket: Ticket, entry: T) -> None:
        """Store the entry of a ticket."""
        self.held[ticket.key] = entry

    def over(self, context: StepContext) -> list[T]:
        """Remove and return the entries of tickets of this step and of earlier ones."""
        done = sorted(key for key in self.held if key[0] // context.tickets <= context.step)
        return [self.held.pop(key) for key in done]

    def as_plain(self, plain: Callable[[T], Any]) -> list[tuple[int, int, Any]]:
        """All entries as plain values, for a state that is saved."""
        return [(*key, plain(self.held[key])) for key in sorted(self.held)]

    def load(self, rows: Iterable[tuple[int, int, Any]], back: Callable[[Any], T]) -> None:
        """Restore the entries that `as_plain` returned."""
        self.held = {(number, attempt): back(entry) for number, attempt, entry in rows}
