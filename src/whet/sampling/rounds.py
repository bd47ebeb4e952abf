"""Tasks that are played in several rounds of one step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


def only(groups: Sequence[Group], task: Task) -> Group:
    """The group of a task that is played in rounds, by a single seat.

    Raises `UsageError` for several seats.
    """
    if len(groups) > 1:
        seats = ", ".join(repr(group.seat) for group in groups)
        raise UsageError(
            f"task {task.id!r} was played by {seats}; a size with rounds needs a single seat: "
            "give --sampling.size fixed"
        )
    return groups[0] if groups else Group(task=task, rollouts=())
