"""Groups: rollouts of one task that are compared with each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from whet.types.errors import UsageError
from whet.types.returned import are_flags
from whet.types.rollouts import JOINED, Rollout
from whet.types.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rollouts of one ticket and one seat, which are compared with each other."""

    task: Task
    rollouts: tuple[Rollout, ...]
    ticket: int = -1
    seat: str = ""
    learn: tuple[bool, ...] | None = None  # per rollout; False: it counts in the baseline only
    weight: float = 1.0  # factor of its advantages: corrects for how it was chosen, as in replay

    def __post_init__(self) -> None:
        if not all(isinstance(rollout, Rollout) for rollout in self.rollouts):
            raise UsageError(f"a group has rollouts {self.rollouts!r:.80}; give a tuple of Rollout")
        if self.learn is not None and not are_flags(self.learn):
            raise UsageError(f"a group has learn {self.learn!r:.80}; give a tuple of True or False")
        if self.learn is not None and len(self.learn) != len(self.rollouts):
            raise ValueError(
                f"group of task {self.task.id!r}: learn has {len(self.learn)} flags for "
                f"{len(self.rollouts)} rollouts"
            )
        if not 0 <= self.weight < inf:
            raise ValueError(
                f"group of task {self.task.id!r}: weight is {self.weight}; give a finite number of "
                "0 or more"
            )

    @classmethod
    def of(cls, rollouts: Sequence[Rollout], ticket: int = -1) -> "Group":
        """A group of these rollouts. The task and the seat are those of the first one."""
        first = rollouts[0]
        return cls(task=first.task, rollouts=tuple(rollouts), ticket=ticket, seat=first.seat)

    @property
    def key(self) -> tuple[int, str]:
        """(ticket, seat), which identifies the group within a batch."""
        return self.ticket, self.seat

    def having(self, rollouts: Sequence[Rollout]) -> "Group":
        """The same group with other rollouts, all of which are learned from."""
        return replace(self, rollouts=tuple(rollouts), learn=None)

    def joined(self, others: Sequence[Rollout]) -> "Group":
        """The group with further rollouts: demonstrations, replayed rollouts.

        Each added rollout gets an id of its own, because one rollout may be added to two groups.
        The id contains that of the group's first rollout, because a ticket may bring one task in
        two attempts. A parent that is not among the group gets another name, too, because guests of
        two groups share no tokens.
        """
        host = f"{self.ticket}{self.seat}:{self.rollouts[0].id if self.rollouts else ''}"
        ids = [f"{r.id}{JOINED}{host}.{n}" for n, r in enumerate(others, len(self.rollouts))]
        named = {r.id: name for r, name in zip(others, ids, strict=True)}
        named = {"": "", **{r.id: r.id for r in self.rollouts}, **named}
        parents = [named.get(r.parent, f"{r.parent}@{host}") for r in others]
        guests = (
            replace(r, id=name, parent=parent, ticket=self.ticket)
            for r, name, parent in zip(others, ids, parents, strict=True)
        )
        return self.having((*self.rollouts, *guests))

    def numbered(self, ticket: int) -> "Group":
        """The same group and its rollouts under a ticket number."""
        rollouts = tuple(replace(r, ticket=ticket) for r in self.rollouts)
        return replace(self, rollouts=rollouts, ticket=ticket)

    def __iter__(self) -> Iterator[Rollout]:
        return iter(self.rollouts)

    def __len__(self) -> int:
        return len(self.rollouts)

    def __getitem__(self, place: int) -> Rollout:
        return self.rollouts[place]
