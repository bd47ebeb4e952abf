"""The plain buffer: it plays a step on demand, and replaces rejected groups."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from math import ceil
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from whet.protocols import Now, Sampling, Strategy
from whet.sampling.rounds import TicketGroups
from whet.types import Group, IntegrityError, Metrics, Request, Ticket, UsageError
from whet.types.plain_states import check_plain, check_restored
from whet.types.weights import Flight

_STATE = "sampling.pt"
CONVEYOR = "conveyor.pt"
"""In a checkpoint: the tickets under way, and groups that wait; only where staleness is above 0."""

Landed = tuple[Ticket, tuple[Group, ...]]
PlayRound = Callable[[Sequence[Ticket]], Awaitable[Sequence[Landed]]]
"""Plays, judges and checks tickets concurrently; the result is in the given order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGroups:
    """The groups that a step played, and those that it learns from."""

    groups: tuple[Group, ...]  # to learn from, in ticket order
    played: tuple[Group, ...]  # the step's own groups with all their rounds, rejected ones too
    admitted: tuple[bool, ...]  # per played group
    replaced: int  # number of tickets that replaced a rejected one
    dropped: int  # number of groups admitted after the batch was full
    missing: int  # number of tickets still missing after all rounds
    rounds: int = 1  # number of rounds of sampling
    metrics: Metrics = field(default_factory=dict)  # of the sampling strategy
    sampled: tuple[Group, ...] = ()  # of `played`, before extensions added or dropped rollouts

    def checked(self, sampling: Sampling, step: int) -> "StepGroups":
        """The same. Raises `IntegrityError` if there is no group to learn from."""
        if self.groups:
            return self
        if not self.played:
            raise IntegrityError(
                f"step {step} has nothing to learn from: its tickets have no group; the "
                "environment never called the policy, or an extension dropped all groups"
            )
        sized = sampling.rounds > sampling.gate.max_rounds
        told = "and it or sampling.size" if sized else "and it"
        raise IntegrityError(
            f"step {step} has nothing to learn from: sampling.gate is {sampling.gate}, {told} "
            f"rejected all of {len(self.played)} groups",
            [rollout for group in self.played for rollout in group],
        )


@runtime_checkable
class TicketBuffer(Protocol):
    """Where the groups of a step come from."""

    @property
    def sampling(self) -> Sampling: ...

    @property
    def strategy(self) -> Strategy: ...

    @property
    def landed(self) -> TicketGroups:
        """What the policy sampled for tickets, without what extensions added or dropped."""
        ...

    async def take(self, now: Now, play: PlayRound) -> StepGroups:
        """The groups to learn from in a step."""
        ...

    def swapping(self, flight: Flight) -> AbstractAsyncContextManager[None]:
        """Within it the player gets new weights."""
        ...

    async def save(self, folder: Path) -> None: ...

    async def load(self, folder: Path) -> None: ...

    async def close(self) -> None:
        """End what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer of staleness 0: no ticket is in flight between two steps.

    Of B tickets a step, the numbers s·B … s·B + B − 1 belong to step s. A rejected ticket frees its
    number, and its replacement has the next attempt. Tickets are observed in the order of (number,
    attempt), and the groups to learn from are in the order of numbers.

    Guests are groups of other tickets that extensions or the strategy add to a ticket: replayed or
    rehearsed rollouts. They are learned from even if the ticket is rejected, and they fill no
    number.
    """

    sampling: Sampling
    strategy: Strategy
    landed: TicketGroups = field(default_factory=TicketGroups)

    async def take(self, now: Now, play: PlayRound) -> StepGroups:
        """The groups of B tickets, or fewer if the gate's rounds are used up.

        Raises `IntegrityError` if no group was admitted, or if the strategy has no further task.
        """
        size = self.sampling.tickets
        batch = _Filling(missing=list(range(now.step * size, (now.step + 1) * size)))
        for number in range(1 + self.sampling.rounds):
            tickets = self._launched(batch, replace(now, round=number, missing=len(batch.missing)))
            if not tickets:
                break
            fresh = [ticket for ticket in tickets if ticket.request.completes is None]
            batch.replaced += len(fresh) if number else 0
            batch.rounds += 1
            for ticket, groups in await play(tickets):
                own = [group for group in groups if group.ticket == ticket.number]
                batch.place(ticket, own, self.strategy.observe(ticket, own))
                batch.invite(ticket, [group for group in groups if group.ticket != ticket.number])
            if not batch.missing:
                break
        batch.metrics = self.strategy.step_ended(now)
        found = replace(batch.taken(), sampled=tuple(self.landed.all()))
        self.landed.held.clear()
        return found.checked(self.sampling, now.step)

    def _launched(self, batch: "_Filling", now: Now) -> list[Ticket]:
        want = ceil(self.sampling.gate.oversample * len(batch.missing))
        requests = self.strategy.next(want, now)
        if not requests and now.round <= self.sampling.gate.max_rounds:
            raise IntegrityError(
                f"step {now.step} lacks {len(batch.missing)} of {self.sampling.tickets} groups, "
                "and the sampling strategy has no further task"
            )
        return sorted(batch.tickets(requests, now.version), key=lambda ticket: ticket.key)

    def swapping(self, flight: Flight) -> AbstractAsyncContextManager[None]:
        """Does nothing: no ticket is under way."""
        del flight
        return nullcontext()

    async def close(self) -> None:
        """Does nothing: no ticket is under way."""

    async def save(self, folder: Path) -> None:
        """Write the strategy's state, which is the only state between steps."""
        save_strategy(self.strategy, folder)

    async def load(self, folder: Path) -> None:
        """Restore the state of the checkpoint in `folder`.

        Raises `UsageError` for a checkpoint with tickets under way.
        """
        if (folder / CONVEYOR).exists():
            raise UsageError(
                f"lag.staleness is 0, but {folder.name} has tickets under way of a run with more; "
                "give the lag that the run began with"
            )
        load_strategy(self.strategy, folder)


def save_strategy(strategy: Strategy, folder: Path) -> None:
    """Write the state of a strategy.

    Raises `IntegrityError` for a state that could not be read again.
    """
    state = strategy.state_dict()
    check_plain(state, "the state of sampling")
    torch.save(state, folder / _STATE)


def load_strategy(strategy: Strategy, folder: Path) -> None:
    """Restore the state of a strategy; loading it runs no code of the file.

    Raises `IntegrityError` if the strategy holds another state afterwards.
    """
    state = torch.load(folder / _STATE, weights_only=True)
    strategy.load_state_dict(deepcopy(state))
    check_restored(state, strategy.state_dict(), "the state of sampling")


@dataclass(slots=True)
class _Filling:
    """A step's missing numbers, and the groups that have landed so far."""

    missing: list[int]
    attempts: dict[int, int] = field(default_factory=dict)
    filled: dict[int, tuple[Group, ...]] = field(default_factory=dict)
    guests: dict[int, tuple[Group, ...]] = field(default_factory=dict)
    played: TicketGroups = field(default_factory=TicketGroups)
    known: set[str] = field(default_factory=set)  # ids of admitted rollouts
    replaced: int = 0
    dropped: int = 0
    rounds: int = 0
    metrics: Metrics = field(default_factory=dict)

    def tickets(self, requests: Sequence[Request], version: int) -> list[Ticket]:
        """Requests under the missing numbers, in order, wrapping around.

        A request that completes an earlier ticket keeps its number.
        """
        kept = [r.completes.number for r in requests if r.completes is not None]
        free = [number for number in self.missing if number not in kept] or self.missing
        places = count()
        found = []
        for request in requests:
            if request.completes is None:
                number = free[next(places) % len(free)]
            else:
                number = request.completes.number
            attempt = self.attempts.get(number, 0)
            self.attempts[number] = attempt + 1
            found.append(Ticket(number=number, request=request, attempt=attempt, version=version))
        return found

    def place(self, ticket: Ticket, groups: Sequence[Group], learned: Sequence[Group]) -> None:
        """Give the admitted groups of a ticket its number, or another missing one."""
        self.played.add(ticket, groups)
        learned = [group for group in learned if len(group)]
        self.invite(ticket, [group for group in learned if group.ticket != ticket.number])
        learned = [group for group in learned if group.ticket == ticket.number]
        self.known |= {rollout.id for group in learned for rollout in group}
        if not learned:
            return
        if not self.missing:
            self.dropped += len(learned)
            return
        number = ticket.number if ticket.number in self.missing else self.missing[0]
        self.missing.remove(number)
        if number != ticket.number:
            learned = [group.numbered(number) for group in learned]
        self.filled[number] = tuple(learned)

    def invite(self, ticket: Ticket, guests: Sequence[Group]) -> None:
        """Add groups of other tickets behind those of the ticket that they landed with."""
        if guests:
            self.guests[ticket.number] = (*self.guests.get(ticket.number, ()), *guests)

    def taken(self) -> StepGroups:
        """All groups in the order of numbers."""
        numbers = sorted(self.filled.keys() | self.guests.keys())
        played = tuple(self.played.all())
        return StepGroups(
            groups=tuple(
                group
                for number in numbers
                for group in (*self.filled.get(number, ()), *self.guests.get(number, ()))
            ),
            played=played,
            admitted=tuple(any(r.id in self.known for r in group) for group in played),
            replaced=self.replaced,
            dropped=self.dropped,
            missing=len(self.missing),
            rounds=self.rounds,
            metrics=self.metrics,
        )
