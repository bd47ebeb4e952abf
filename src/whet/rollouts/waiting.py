"""What a conveyor holds between two steps, as plain values of a checkpoint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from whet.rollouts.flights import Flight, Groups
from whet.rollouts.lag import TicketPlace
from whet.types import Group, Rollout
from whet.types.requests import RolloutShape
from whet.types.saved_requests import ticket_as_plain, ticket_from_plain
from whet.types.saved_rollouts import Plain, as_plain, from_plain


class WaitingGroups(NamedTuple):
    """The groups of a ticket that was admitted and is not learned from yet."""

    place: TicketPlace
    ticket: tuple[int, int]  # key of the ticket
    played: Groups  # its own, as they were judged
    admitted: Groups  # its own, to learn from
    guests: Groups  # of other tickets, that landed with it
    sampled: Groups  # its own, before extensions added or dropped rollouts


@dataclass(slots=True)
class GroupWriter:
    """Groups as plain values that name their rollouts by number; a rollout is written once."""

    rollouts: list[Rollout] = field(default_factory=list)
    _numbers: dict[str, list[int]] = field(default_factory=dict)  # by id; verdicts may differ

    def groups(self, groups: Iterable[Group]) -> list[Plain]:
        """Groups with at least one rollout; the others say nothing and are left out."""
        return [self._group(group) for group in groups if len(group)]

    def _group(self, group: Group) -> Plain:
        named = {"ticket": group.ticket, "seat": group.seat, "weight": group.weight}
        members = [self._number(rollout) for rollout in group]
        return {"members": members, "learn": group.learn, **named}

    def _number(self, rollout: Rollout) -> int:
        numbers = self._numbers.setdefault(rollout.id, [])
        for number in numbers:
            if self.rollouts[number] is rollout:
                return number
        numbers.append(len(self.rollouts))
        self.rollouts.append(rollout)
        return numbers[-1]

    def waiting(self, held: WaitingGroups) -> Plain:
        """The groups of an admitted ticket."""
        parts = {name: self.groups(getattr(held, name)) for name in _PARTS}
        return {"place": tuple(held.place), "ticket": held.ticket, **parts}

    def flight(self, flight: Flight, sampled: Groups, shape: RolloutShape | None) -> Plain:
        """A ticket under way, or one that has landed and was not observed."""
        return {
            "ticket": ticket_as_plain(flight.ticket, shape),
            "launched": flight.launched,
            "landed": flight.landed,
            "groups": self.groups(flight.groups),
            "sampled": self.groups(sampled),
        }

    def written(self) -> list[Plain]:
        """All rollouts, by their numbers."""
        return [as_plain(rollout) for rollout in self.rollouts]


_PARTS = ("played", "admitted", "guests", "sampled")


@dataclass(frozen=True, slots=True)
class GroupReader:
    """Reads what a `GroupWriter` wrote."""

    rollouts: Sequence[Rollout]

    @classmethod
    def of(cls, written: Iterable[Plain]) -> "GroupReader":
        """A reader of the rollouts of `GroupWriter.written`."""
        return cls([from_plain(one) for one in written])

    def groups(self, held: Iterable[Plain]) -> Groups:
        """The groups that were written."""
        return tuple(self._group(**one) for one in held)

    def _group(self, members: Sequence[int], **named: Any) -> Group:
        rollouts = tuple(self.rollouts[number] for number in members)
        return Group(task=rollouts[0].task, rollouts=rollouts, **named)

    def waiting(self, held: Plain) -> WaitingGroups:
        """The groups of an admitted ticket."""
        parts = {name: self.groups(held[name]) for name in _PARTS}
        return WaitingGroups(
            place=TicketPlace(*held["place"]), ticket=tuple(held["ticket"]), **parts
        )

    def flight(self, held: Plain, shape: RolloutShape | None) -> tuple[Flight, Groups]:
        """A ticket without a task, and what was sampled for it."""
        ticket = ticket_from_plain(held["ticket"], shape)
        flight = Flight(ticket, held["launched"], self.groups(held["groups"]), held["landed"])
        return flight, self.groups(held["sampled"])
