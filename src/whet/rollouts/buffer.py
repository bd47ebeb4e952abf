"""The plain buffer: plays a step when it is asked for one, and refills what the gate rejects."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from whet.protocols import Now, Sampling, Strategy
from whet.types import Group, IntegrityError, Request, Ticket

_STATE = "sampling.json"

Landed = tuple[Ticket, tuple[Group, ...]]
PlayRound = Callable[[Sequence[Ticket]], Awaitable[Sequence[Landed]]]
"""Play, judge and check tickets, all at once; in the order in which they were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGroups:
    """What one step plays and what it learns from."""

    groups: tuple[Group, ...]  # to learn from, in ticket order
    played: tuple[Group, ...]  # the step's own, rejected ones too
    admitted: tuple[bool, ...]  # of each played group
    replaced: int  # tickets that took the number of a rejected one
    dropped: int  # groups that were admitted after the batch was full
    missing: int  # numbers that stayed empty when all rounds were spent


@dataclass(frozen=True, slots=True)
class Buffer:
    """Staleness 0: nothing is under way between two steps.

    Of B tickets a step, the numbers s·B … s·B + B − 1 belong to step s.  A rejected ticket frees
    its number; its replacement has the next attempt.  Tickets are observed in the order of (number,
    attempt), and what they bring is learned from in the order of numbers.

    Guests are groups of other tickets: memories, rehearsals.  Extensions let them land with a
    ticket, and they are learned from whatever becomes of it; they fill no number.
    """

    sampling: Sampling
    strategy: Strategy

    async def take(self, now: Now, play: PlayRound) -> StepGroups:
        """B tickets' groups, or fewer where the gate's rounds are spent.

        Raises `IntegrityError` where nothing was admitted, and where the strategy has nothing to
        play.
        """
        size, gate = self.sampling.tickets, self.sampling.gate
        batch = _Filling(missing=list(range(now.step * size, (now.step + 1) * size)))
        for number in range(1 + gate.max_rounds):
            tickets = self._launched(batch, now)
            batch.replaced += len(tickets) if number else 0
            for ticket, groups in await play(tickets):
                own = [group for group in groups if group.ticket == ticket.number]
                batch.place(ticket, own, self.strategy.observe(ticket, own))
                batch.invite(ticket, [group for group in groups if group.ticket != ticket.number])
            if not batch.missing:
                break
        if not (batch.filled or batch.guests or batch.played):
            raise IntegrityError(
                f"step {now.step} has nothing to learn from: its tickets brought no group; the "
                "environment never asked, or an extension left nothing"
            )
        if not (batch.filled or batch.guests):
            raise IntegrityError(
                f"step {now.step} has nothing to learn from: sampling.gate is {gate}, and it "
                f"rejected all of {len(batch.played)} groups",
                [rollout for group in batch.played for rollout in group],
            )
        return batch.taken()

    def _launched(self, batch: "_Filling", now: Now) -> list[Ticket]:
        want = ceil(self.sampling.gate.oversample * len(batch.missing))
        requests = self.strategy.next(want, now)
        if not requests:
            raise IntegrityError(
                f"step {now.step} lacks {len(batch.missing)} of {self.sampling.tickets} groups, "
                "and the sampling strategy has no further task"
            )
        if len(requests) > want:
            raise IntegrityError(
                f"the sampling strategy was asked for {want} requests and gave {len(requests)}"
            )
        return sorted(batch.tickets(requests, now.version), key=lambda ticket: ticket.key)

    async def save(self, folder: Path) -> None:
        """The strategy's state: between steps nothing else is there."""
        text = json.dumps(self.strategy.state_dict(), allow_nan=False)
        (folder / _STATE).write_text(text, encoding="utf-8")

    async def load(self, folder: Path) -> None:
        """Go on with the step after the checkpoint in `folder`."""
        text = (folder / _STATE).read_text(encoding="utf-8")
        self.strategy.load_state_dict(json.loads(text))


@dataclass(slots=True)
class _Filling:
    """A step's numbers, and what has landed for them so far."""

    missing: list[int]
    attempts: dict[int, int] = field(default_factory=dict)
    filled: dict[int, tuple[Group, ...]] = field(default_factory=dict)
    guests: dict[int, tuple[Group, ...]] = field(default_factory=dict)
    played: list[Group] = field(default_factory=list)
    admitted: list[bool] = field(default_factory=list)
    replaced: int = 0
    dropped: int = 0

    def tickets(self, requests: Sequence[Request], version: int) -> list[Ticket]:
        """Requests under the missing numbers, from the first to the last and round again."""
        found = []
        for place, request in enumerate(requests):
            number = self.missing[place % len(self.missing)]
            attempt = self.attempts.get(number, 0)
            self.attempts[number] = attempt + 1
            found.append(Ticket(number=number, request=request, attempt=attempt, version=version))
        return found

    def place(self, ticket: Ticket, groups: Sequence[Group], learned: Sequence[Group]) -> None:
        """Give the ticket's groups its number, or another that is still missing."""
        learned = [group for group in learned if len(group)]
        known = {rollout.id for group in learned for rollout in group}
        self.played.extend(groups)
        self.admitted.extend(any(r.id in known for r in group) for group in groups)
        if not learned:
            return
        if not self.missing:
            self.dropped += len(learned)
            return
        number = ticket.number if ticket.number in self.missing else self.missing[0]
        self.missing.remove(number)
        if number != ticket.number:
            learned = [g.numbered(number) if g.ticket == ticket.number else g for g in learned]
        self.filled[number] = tuple(learned)

    def invite(self, ticket: Ticket, guests: Sequence[Group]) -> None:
        """Groups of other tickets come after those of the number with which they land."""
        if guests:
            self.guests[ticket.number] = (*self.guests.get(ticket.number, ()), *guests)

    def taken(self) -> StepGroups:
        """In the order of numbers."""
        numbers = sorted(self.filled.keys() | self.guests.keys())
        return StepGroups(
            groups=tuple(
                group
                for number in numbers
                for group in (*self.filled.get(number, ()), *self.guests.get(number, ()))
            ),
            played=tuple(self.played),
            admitted=tuple(self.admitted),
            replaced=self.replaced,
            dropped=self.dropped,
            missing=len(self.missing),
        )
