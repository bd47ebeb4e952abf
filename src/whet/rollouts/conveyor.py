"""The conveyor: tickets are played while the learner learns, at most k steps ahead."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from whet.protocols import Now, Sampling, Strategy
from whet.rollouts.buffer import (
    CONVEYOR,
    Buffer,
    PlayRound,
    StepGroups,
    TicketBuffer,
    load_strategy,
    save_strategy,
)
from whet.rollouts.flights import Flight, Flights, Groups
from whet.rollouts.lag import BySubmission, Lag, Order, Place
from whet.rollouts.waiting import GroupReader, GroupWriter, WaitingGroups
from whet.sampling.rounds import TicketGroups
from whet.types import IntegrityError, Ticket
from whet.types import weights as flying
from whet.types.plain_states import check_plain

Key = tuple[int, int]


@dataclass(slots=True)
class _Step:
    """What happened since the last step."""

    rejected: dict[Key, tuple[Groups, Groups]] = field(default_factory=dict)  # played, sampled
    guests: dict[int, Groups] = field(default_factory=dict)  # of rejected tickets
    replaced: int = 0
    rounds: int = 1


@dataclass(slots=True)
class Conveyor:
    """A buffer of staleness k: in step t, tickets of the steps up to t + k are launched.

    Of B tickets a step, the numbers s·B … s·B + B − 1 are launched for step s. What step t learns
    from is up to `lag.order`, within `Lag.due`; no group is discarded. A rejected ticket is
    replaced at once, by the next attempt of its number.
    """

    sampling: Sampling
    strategy: Strategy
    lag: Lag
    landed: TicketGroups = field(default_factory=TicketGroups)
    steps: int = 0  # for which tickets were launched
    wanted: dict[int, int] = field(default_factory=dict)  # numbers without a ticket: the attempt
    pool: dict[int, WaitingGroups] = field(default_factory=dict)  # admitted, by number
    flights: Flights = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(self.lag.lost)

    async def take(self, now: Now, play: PlayRound) -> StepGroups:
        """The groups of a step; tickets of later steps stay under way.

        Raises `IntegrityError` if no group was admitted, or if the strategy has no further task,
        and the exception of a ticket that failed. All others are cancelled then.
        """
        step = _Step()
        try:
            self._ahead(now, play, step)
            while (chosen := self._chosen(now)) is None:
                if not self.flights.under_way:
                    raise IntegrityError(
                        f"step {now.step} lacks groups of the tickets {_few(self.wanted)}, and the "
                        "sampling strategy has no further task"
                    )
                await self.flights.landing()
                self._observe(now, play, step)
            return self._taken(chosen, now, step).checked(self.sampling, now.step)
        except BaseException:
            await self.close()
            raise

    def _ahead(self, now: Now, play: PlayRound, step: _Step) -> None:
        """Launch the tickets of all steps that may be under way now."""
        self.flights.step, size = now.step, self.sampling.tickets
        self.steps = max(self.steps, now.step)
        self.flights.relaunch(now.version, partial(_alone, play))
        while self.steps < min(now.steps, now.step + self.lag.staleness + 1):
            self.wanted |= dict.fromkeys(range(self.steps * size, (self.steps + 1) * size), 0)
            self.steps += 1
            self._launch(now, play)
        self._observe(now, play, step)

    def _launch(self, now: Now, play: PlayRound) -> None:
        """Give the numbers that have no ticket one each, as far as the strategy has tasks."""
        if not self.wanted:
            return
        numbers = sorted(self.wanted)
        asked = replace(now, round=max(self.wanted.values()), missing=len(numbers))
        requests = self.strategy.next(len(numbers), asked)
        for number, request in zip(numbers, requests, strict=False):
            attempt = self.wanted.pop(number)
            self._fly(Ticket(number=number, request=request, attempt=attempt), now, play)

    def _fly(self, ticket: Ticket, now: Now, play: PlayRound) -> None:
        self.flights.launch(replace(ticket, version=now.version), partial(_alone, play))

    def _observe(self, now: Now, play: PlayRound, step: _Step) -> None:
        """Show the strategy what has landed, and replace what it rejects."""
        held, until = self.flights.held, (now.step + 1) * self.sampling.tickets
        places = [Place(f.ticket.number, f.launched, f.landed) for f in held]
        ready = [held[i] for i in self.order.observed(places, until)]
        for flight in self.flights.taken(ready):
            self._place(flight, step)
        step.replaced += len([n for n in self.wanted.values() if n])
        step.rounds = max(step.rounds, 1 + max(self.wanted.values(), default=0))
        self._launch(now, play)

    def _place(self, flight: Flight, step: _Step) -> None:
        ticket, groups = flight.ticket, flight.groups
        sampled = self.landed.held.pop(ticket.key, [])
        own = tuple(group for group in groups if group.ticket == ticket.number)
        guests = [group for group in groups if group.ticket != ticket.number]
        learned = [group for group in self.strategy.observe(ticket, own) if len(group)]
        guests += [group for group in learned if group.ticket != ticket.number]
        admitted = tuple(group for group in learned if group.ticket == ticket.number)
        if admitted:
            place = Place(ticket.number, flight.launched, flight.landed)
            self.pool[ticket.number] = WaitingGroups(
                place, ticket.key, own, admitted, tuple(guests), tuple(sampled)
            )
            return
        step.rejected[ticket.key] = own, tuple(sampled)
        step.guests[ticket.number] = (*step.guests.get(ticket.number, ()), *guests)
        if ticket.attempt < self.sampling.gate.max_rounds:
            self.wanted[ticket.number] = ticket.attempt + 1

    def _chosen(self, now: Now) -> list[int] | None:
        places = [held.place for held in self.pool.values()]
        places += [Place(f.ticket.number, f.launched) for f in self.flights.held]
        places += [Place(number, now.step) for number in self.wanted]
        due = self.lag.due(places, now.step, self.sampling.tickets, self.steps)
        return self.order.chosen(places, due)

    @property
    def order(self) -> Order:
        """That of the lag; at staleness 0 every step plays its own tickets, round by round."""
        return self.lag.order if self.lag.staleness else BySubmission()

    def _taken(self, chosen: Sequence[int], now: Now, step: _Step) -> StepGroups:
        held = [self.pool.pop(number) for number in chosen]
        for one in held:
            if now.step - one.place.launched > self.lag.staleness:
                raise IntegrityError(
                    f"stale rollouts: ticket {one.place.number} was launched in step "
                    f"{one.place.launched}, and step {now.step} learns from it (lag.staleness is "
                    f"{self.lag.staleness})",
                    [rollout for group in one.admitted for rollout in group],
                )
        both = {one.ticket: (one.played, one.sampled) for one in held} | step.rejected
        keys = sorted(both, key=lambda key: (key[1], key[0]))  # the replacements come last
        known = {rollout.id for one in held for group in one.admitted for rollout in group}
        groups = {one.place.number: (*one.admitted, *one.guests) for one in held}
        for number, guests in step.guests.items():
            groups[number] = (*groups.get(number, ()), *guests)
        own = [group for key in keys for group in both[key][0]]
        return StepGroups(
            groups=tuple(group for number in sorted(groups) for group in groups[number]),
            played=tuple(own),
            admitted=tuple(any(r.id in known for r in group) for group in own),
            replaced=step.replaced,
            dropped=0,
            missing=self.sampling.tickets - len(held),
            rounds=step.rounds,
            metrics=self.strategy.step_ended(now),
            sampled=tuple(group for key in keys for group in both[key][1]),
        )

    @asynccontextmanager
    async def swapping(self, flight: flying.Flight) -> AsyncIterator[None]:
        """Within it the player gets new weights; `Drain` waits for all tickets first."""
        if isinstance(flight, flying.Drain):
            await self.flights.all_landed()
        yield

    async def close(self) -> None:
        """Cancel all tickets under way."""
        await self.flights.close()

    async def save(self, folder: Path) -> None:
        """Write the strategy's state, what has landed, and the tickets under way.

        Raises `IntegrityError` for a state that could not be read again, and `UsageError` for a
        request that can't be saved.
        """
        save_strategy(self.strategy, folder)
        writer, shape = GroupWriter(), getattr(self.sampling, "shape", None)
        sampled = self.landed.held
        state = {
            "steps": self.steps,
            "wanted": dict(self.wanted),
            "landings": self.flights.landings,
            "waiting": [writer.waiting(held) for held in self.pool.values()],
            "flights": [
                writer.flight(flight, tuple(sampled.get(flight.ticket.key, ())), shape)
                for flight in self.flights.held
            ],
            "rollouts": writer.written(),
        }
        check_plain(state, "the state of the conveyor")
        torch.save(state, folder / CONVEYOR)

    async def load(self, folder: Path) -> None:
        """Restore the checkpoint in `folder`; tickets that were under way are played again.

        They keep their seeds. Raises `IntegrityError` if the strategy holds another state
        afterwards.
        """
        load_strategy(self.strategy, folder)
        if not (folder / CONVEYOR).exists():
            return  # of a run of staleness 0
        state = torch.load(folder / CONVEYOR, weights_only=True)
        reader, shape = GroupReader.of(state["rollouts"]), getattr(self.sampling, "shape", None)
        self.steps, self.wanted = state["steps"], dict(state["wanted"])
        waiting = [reader.waiting(held) for held in state["waiting"]]
        self.pool = {held.place.number: held for held in waiting}
        self.flights.landings = state["landings"]
        for flight, sampled in (reader.flight(held, shape) for held in state["flights"]):
            self.flights.held.append(flight)
            if flight.landed >= 0:
                self.landed.held[flight.ticket.key] = list(sampled)


def buffer_of(sampling: Sampling, strategy: Strategy, lag: Lag) -> TicketBuffer:
    """The conveyor, or the plain buffer where every rollout is learned from in its own step."""
    if lag.staleness:
        return Conveyor(sampling, strategy, lag)
    return Buffer(sampling, strategy)


def _few(numbers: Iterable[int]) -> str:
    known = sorted(numbers)
    return f"{known[0]} to {known[-1]}" if len(known) > 1 else str(known[0])


async def _alone(play: PlayRound, ticket: Ticket) -> Groups:
    [(_, groups)] = await play([ticket])
    return groups
