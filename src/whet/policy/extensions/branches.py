"""BREAD: unsolved tasks are played again from a prefix of a demonstration."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from whet.policy.domains import COUNT, check
from whet.policy.extensions.demonstrated import beginning
from whet.policy.extensions.groups import attempts, instead, own, successes, unsolved
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Request, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches(Companion):
    """Unsolved tasks are played again from a demonstration prefix that leads to a success.

    The shortest such prefix is found by bisection (BREAD, arXiv:2506.17211, unconfirmed).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR, Need.CORRECTNESS})

    parts: int = 4
    tries: int = 4  # rollouts that test a prefix

    def __post_init__(self) -> None:
        check(self, parts=COUNT, tries=COUNT)

    def between(self, failing: int, leading: int) -> int | None:
        """The next prefix to test, in parts, or None when the bisection has ended."""
        return (failing + leading) // 2 if leading - failing > 1 else None

    async def shortest(self, succeeds: Callable[[int], Awaitable[bool]]) -> int:
        """The smallest number of parts that succeeds, by bisection; all parts if none does."""
        failing, leading = 0, self.parts
        while (middle := self.between(failing, leading)) is not None:
            if await succeeds(middle):
                leading = middle
            else:
                failing = middle
        return leading

    async def open(self, setup: SetupContext) -> "LiveBranches":
        del setup
        return LiveBranches(self)


@dataclass(slots=True)
class LiveBranches(Extension):
    """Plays unsolved groups again from the shortest prefix that leads to a success.

    Tickets are searched one after the other, in their order. A search plays again after each
    verdict, and verdicts take their time: side by side, the searches would meet each other in
    another decoding step every time, and log-probs would differ in their last bits.
    """

    settings: Branches
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Replace every unsolved group, including demonstrations that were added to it."""
        async with self.turn:  # tickets get it in the order in which they ask
            return [await self._again(context, ticket, g) if unsolved(g) else g for g in groups]

    async def _again(self, context: StepContext, ticket: Ticket, group: Group) -> Group:
        task, parts = group.task, self.settings.parts
        if context.demonstrate(task) is None:
            return group

        async def played(part: int, name: str, count: int) -> Group:
            prefix = beginning(context, task, part / parts)
            seeds = context.seeds(f"{name} {part} {ticket.label}", task, count)
            return await context.play(Request.of(task, seeds, context.decoding, prefix))

        async def succeeds(part: int) -> bool:
            tried = await played(part, "branch", self.settings.tries)
            return bool(successes(attempts(tried)))

        part = await self.settings.shortest(succeeds)
        again = await played(part, "branched", len(own(group)))
        return instead(group, again.rollouts)
