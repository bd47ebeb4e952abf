"""The conveyor: tickets are played while the learner learns, at most k steps ahead."""

from collections.abc import AsyncIterator, Sequence
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
from whet.rollouts.lag import BySubmission, Lag, Order, TicketPlace
from whet.rollouts.waiting import GroupReader, GroupWriter, WaitingGroups
from whet.sampling.rounds import TicketGroups
from whet.types import IntegrityError, Ticket, UsageError
from whet.types import weights as flying
from whet.types.plain_states import check_plain
from whet.types.saved_requests import ticket_as_plain

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
    given_up: dict[int, int] = field(default_factory=dict)  # numbers of each step
    replaced: int = 0  # tickets so far that replaced a rejected one
    flights: Flights = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(self.lag.lost)

    async def take(self, now: Now, play: PlayRound) -> StepGroups:
        """The groups of a step; tickets of later steps stay under way.

        Raises `IntegrityError` if no group was admitted, or if the strategy has no further task,
        and the exception of a ticket that failed. All others are cancelled then.
        """
        step, before = _Step(), self.replaced
        try:
            self.flights.check()
            self._ahead(now, play, step)
            while (chosen := self._chosen(now)) is None:
                if not self.flights.under_way:
                    raise IntegrityError(
                        f"step {now.step} lacks groups of {len(self.wanted)} tickets, and the "
                        "sampling strategy has no further task"
                    )
                await self.flights.landing()
                self._observe(now, play, step)
            self.flights.check()
            step.replaced = self.replaced - before
            return self._taken(chosen, now, step)
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
            self.replaced += attempt > 0
            self._fly(Ticket(number=number, request=request, attempt=attempt), now, play)

    def _fly(self, ticket: Ticket, now: Now, play: PlayRound) -> None:
        """Play a ticket. Raises `UsageError` for one that no checkpoint could hold."""
        ticket_as_plain(ticket, getattr(self.sampling, "shape", None))
        self.flights.launch(replace(ticket, version=now.version), partial(_alone, play))

    def _observe(self, now: Now, play: PlayRound, step: _Step) -> None:
        """Show the strategy what has landed, and replace what it rejects."""
        held, until = self.flights.held, (now.step + 1) * self.sampling.tickets
        places = [TicketPlace(f.ticket.number, f.launched, f.landed) for f in held]
        ready = [held[i] for i in self.order.observed(places, until)]
        for flight in self.flights.taken(ready):
            self._place(flight, step)
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
            place = TicketPlace(ticket.number, flight.launched, flight.landed)
            self.pool[ticket.number] = WaitingGroups(
                place, ticket.key, own, admitted, tuple(guests), tuple(sampled)
            )
            return
        step.rejected[ticket.key] = own, tuple(sampled)
        step.guests[ticket.number] = (*step.guests.get(ticket.number, ()), *guests)
        if ticket.attempt < self.sampling.gate.max_rounds:
            self.wanted[ticket.number] = ticket.attempt + 1
            return
        due = ticket.number // self.sampling.tickets
        self.given_up[due] = self.given_up.get(due, 0) + 1

    def _chosen(self, now: Now) -> list[int] | None:
        places = [held.place for held in self.pool.values()]
        places += [TicketPlace(f.ticket.number, f.launched) for f in self.flights.held]
        places += [TicketPlace(number, now.step) for number in self.wanted]
        later = range(now.step + 1, self.steps)
        left = [self.sampling.tickets - self.given_up.get(step, 0) for step in later]
        return self.order.chosen(places, self.lag.due(places, now.step, left))

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
        groups = {number: guests for number, guests in step.guests.items() if guests}
        for one in held:  # guests of rejected attempts landed before its own
            before = groups.get(one.place.number, ())
            groups[one.place.number] = (*one.admitted, *before, *one.guests)
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
        self.flights.check()
        yield

    async def close(self) -> None:
        """Cancel all tickets under way."""
        await self.flights.close()

    async def save(self, folder: Path) -> None:
        """Write the strategy's state, what has landed, and the tickets under way.

        Raises `IntegrityError` for a state that could not be read again, and `UsageError` for a
        request that can't be saved.
        """
        self.flights.check()
        save_strategy(self.strategy, folder)
        ahead = self.steps > self.flights.step + 1  # also where all of a later step is given up
        if not (ahead or self.pool or self.flights.held or self.wanted):
            return
        writer, shape = GroupWriter(), getattr(self.sampling, "shape", None)
        sampled = self.landed.held
        state = {
            "staleness": self.lag.staleness,
            "steps": self.steps,
            "given_up": dict(self.given_up),
            "wanted": dict(self.wanted),
            "landings": self.flights.landings,
            "waiting": [writer.waiting(held) for held in self.pool.values()],
            "flights": [
                writer.flight(flight, tuple(sampled.get(flight.ticket.key, ())), shape)
                for flight in self.flights.held
            ],
        }
        check_plain(state, "the state of the conveyor")
        torch.save(state | {"rollouts": writer.written()}, folder / CONVEYOR)  # a fault has a NaN

    async def load(self, folder: Path) -> None:
        """Restore the checkpoint in `folder`; tickets that were under way are played again.

        They keep their seeds. Raises `IntegrityError` if the strategy holds another state
        afterwards, and `UsageError` for a checkpoint of a run with more staleness.
        """
        load_strategy(self.strategy, folder)
        if not (folder / CONVEYOR).exists():
            return  # of a run of staleness 0
        state = torch.load(folder / CONVEYOR, weights_only=True)
        if (most := state["staleness"]) > self.lag.staleness:
            raise UsageError(
                f"lag.staleness is {self.lag.staleness}, but {folder.name} has tickets under way "
                f"of a run with {most}; give {most} or more"
            )
        reader, shape = GroupReader.of(state["rollouts"]), getattr(self.sampling, "shape", None)
        self.steps, self.wanted = state["steps"], dict(state["wanted"])
        self.given_up = dict(state["given_up"])
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


async def _alone(play: PlayRound, ticket: Ticket) -> Groups:
    [(_, groups)] = await play([ticket])
    return groups
