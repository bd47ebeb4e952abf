"""Tasks that are played in several rounds of one step."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

from whet.protocols import SizeDecision
from whet.types import Group, Task, Ticket, UsageError


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that needs further plays, with the rollouts of its rounds so far."""

    ticket: Ticket  # the last one that landed
    groups: Sequence[Group]
    more: int  # plays of the next round
    plays: int  # played so far
    seed: int  # of the first play

    @classmethod
    def of(
        cls, ticket: Ticket, groups: Sequence[Group], more: int, before: "Waiting | None"
    ) -> "Waiting":
        """A task after the round of `ticket`; `before` is its state after the earlier rounds."""
        plays = ticket.request.plays
        if before is None:
            return cls(ticket, groups, more, len(plays), plays[0].seed)
        return cls(ticket, groups, more, before.plays + len(plays), before.seed)


@dataclass(slots=True)
class TicketGroups:
    """The groups of a step by ticket; all rounds of a task are one group per seat."""

    held: dict[tuple[int, int], list[Group]] = field(default_factory=dict)

    def add(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Add the groups of a landed ticket to those of the ticket that it completes."""
        before = ticket.request.completes
        if before is None:
            self.held[ticket.key] = list(groups)
        else:
            held = self.held.pop(before.key, [])
            self.held[ticket.key] = merged(held, groups, ticket.number)

    def all(self) -> list[Group]:
        """All groups, by their last tickets in the order of landing."""
        return [group for groups in self.held.values() for group in groups]


def merged(before: Sequence[Group], groups: Sequence[Group], ticket: int) -> list[Group]:
    """Groups of two rounds as one group per seat, under the number of the later ticket."""
    found = {group.seat: group.numbered(ticket) for group in before}
    for group in groups:
        held = found.get(group.seat)
        rollouts = group.rollouts if held is None else (*held.rollouts, *group.rollouts)
        learn = None if held is None else _flags(held, group)
        found[group.seat] = replace(group, rollouts=rollouts, learn=learn)
    return list(found.values())


def _flags(one: Group, other: Group) -> tuple[bool, ...] | None:
    if one.learn is None and other.learn is None:
        return None
    held = (group.learn or (True,) * len(group) for group in (one, other))
    return tuple(flag for flags in held for flag in flags)


def chosen(group: Group, decision: SizeDecision) -> Group:
    """What a decision leaves of a complete group. What was not learned from before stays so."""
    learn = group.learn
    if decision.learn is not None:
        flags = zip(learn or (True,) * len(group), decision.learn, strict=True)
        learn = tuple(one and other for one, other in flags)
    if decision.keep is None:
        return replace(group, learn=learn)
    if len(decision.keep) != len(group):
        raise ValueError(f"{len(decision.keep)} flags for {len(group)} rollouts")
    kept = tuple(compress(group.rollouts, decision.keep))
    learn = None if learn is None else tuple(compress(learn, decision.keep))
    return replace(group, rollouts=kept, learn=learn)


def only(groups: Sequence[Group], task: Task) -> Group:
    """The single group of a task whose size decides on its rollouts.

    Raises `UsageError` for several seats.
    """
    if len(groups) > 1:
        seats = ", ".join(repr(group.seat) for group in groups)
        raise UsageError(
            f"sampling.size decides on one group per task, but seats {seats} played task "
            f"{task.id!r}; give --sampling.size fixed"
        )
    return groups[0]
