"""Tickets under way: a task for each, and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from whet.types import Group, IntegrityError, Ticket, WorkerLost

Groups = tuple[Group, ...]
PlayTicket = Callable[[Ticket], Awaitable[Groups]]


@dataclass(slots=True, eq=False)
class Flight:
    """A ticket, the step of its launch, and its groups once it has landed."""

    ticket: Ticket
    launched: int
    groups: Groups = ()
    landed: int = -1  # place in the order of landing; −1: it is under way
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Flights:
    """All tickets that are not observed yet, in the order of their launch.

    A ticket whose worker was lost is played again, as if it were launched then, at most `lost`
    times.
    """

    lost: int
    step: int = 0  # of the run, which dates launches
    held: list[Flight] = field(default_factory=list)
    landings: int = 0
    launches: int = 0
    closing: bool = False
    again: int = 0  # plays that were repeated
    errors: list[Exception] = field(default_factory=list)
    _landing: asyncio.Event = field(default_factory=asyncio.Event)

    def launch(self, ticket: Ticket, play: PlayTicket) -> None:
        """Play a ticket beside the others."""
        flight = Flight(ticket, self.step)
        self.held.append(flight)
        self._start(flight, play)

    def relaunch(self, version: int, play: PlayTicket) -> None:
        """Play the tickets that were under way at a checkpoint, as if they were launched now."""
        for flight in self.held:
            if flight.landed < 0 and flight.task is None:
                flight.launched = self.step
                flight.ticket = replace(flight.ticket, version=version)
                self._start(flight, play)

    def _start(self, flight: Flight, play: PlayTicket) -> None:
        self.launches += 1
        flight.task = asyncio.create_task(self._fly(flight, play))

    async def _fly(self, flight: Flight, play: PlayTicket) -> None:
        try:
            flight.groups = await self._played(flight, play)
            flight.landed, self.landings = self.landings, self.landings + 1
        except asyncio.CancelledError:
            if self.closing:
                raise
            told = f"ticket {flight.ticket.label} was cancelled by its own play"
            self.errors.append(IntegrityError(told))
        except Exception as error:  # noqa: BLE001 (it is raised where a landing is waited for)
            self.errors.append(error)
        finally:
            self._landing.set()

    async def _played(self, flight: Flight, play: PlayTicket) -> Groups:
        tries = 0
        while True:
            try:
                return await play(flight.ticket)
            except WorkerLost as error:
                tries += 1
                if self.closing:
                    raise asyncio.CancelledError from error
                if tries > self.lost:
                    raise IntegrityError(
                        f"ticket {flight.ticket.label} lost its worker {tries} times (lag.lost is "
                        f"{self.lost}): {error}"
                    ) from error
                self.again += 1
                flight.launched = self.step

    async def landing(self) -> None:
        """Wait until a ticket lands. Raises the exception of one that failed."""
        self.check()
        await self._landing.wait()
        self._landing.clear()
        self.check()

    def check(self) -> None:
        """Raise the exception of a ticket that failed."""
        if self.errors:
            raise self.errors[0]

    @property
    def under_way(self) -> int:
        """Number of tickets that have not landed."""
        return sum(flight.landed < 0 for flight in self.held)

    async def all_landed(self) -> None:
        """Wait until no ticket is under way. Raises the exception of one that failed."""
        self.check()
        while self.under_way:
            await self.landing()

    def taken(self, flights: Iterable[Flight]) -> list[Flight]:
        """The same flights, which are forgotten here."""
        found = list(flights)
        self.held = [flight for flight in self.held if flight not in found]
        return found

    async def close(self) -> None:
        """Cancel what is under way, and wait for its end."""
        self.closing = True
        tasks = [flight.task for flight in self.held if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.held = []
