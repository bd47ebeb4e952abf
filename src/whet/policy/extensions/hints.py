"""Replies that start with a hint, and the schedule of the hint's length."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, pi
from random import Random

from whet.policy.extensions.demonstrated import beginning
from whet.policy.extensions.groups import own
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Request, Task, Ticket, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints(Companion):
    """Replies that start with a prefix of a demonstration, as external tokens.

    All rollouts of a group start with the same prefix; with `rollouts` > 0 that many further
    rollouts with a prefix join the group instead. p(t) falls along a half cosine from `high` to
    `low` over `steps`, and is `after` from then on. With `parts` = n the prefix is the share
    Binomial(n, p)/n of a demonstration (UFT, arXiv:2505.16984). With `parts` = 0 the share is
    uniform between p and `high` (Prefix-RFT, arXiv:2507.01679, unconfirmed).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR})

    low: float = 0.05
    high: float = 0.95
    steps: int = 300
    after: float = 0.0
    parts: int = 5  # number of pieces of a demonstration; 0: any share
    rollouts: int = 0  # added to a group; 0: the group's own rollouts get the hint

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise UsageError(
                f"Hints.low, high are {self.low}, {self.high}; give 0 ≤ low ≤ high ≤ 1"
            )

    def share(self, step: int) -> float:
        """p(t) = low + (high − low)(1 + cos(π t/T))/2 while t ≤ T."""
        if step > self.steps:
            return self.after
        wave = (1 + cos(pi * step / max(self.steps, 1))) / 2
        return self.low + (self.high - self.low) * wave

    def drawn(self, step: int, rng: Random) -> float:
        """The share of a demonstration that one prefix has, drawn at random."""
        p = self.share(step)
        if self.parts:
            return sum(rng.random() < p for _ in range(self.parts)) / self.parts
        return rng.uniform(p, max(p, self.high))

    async def open(self, setup: SetupContext) -> "LiveHints":
        del setup
        return LiveHints(self)


@dataclass(slots=True)
class LiveHints(Extension):
    """Gives a hint to whole groups, or adds rollouts with a hint to them.

    It has no state, so the order of tickets does not matter.
    """

    settings: Hints

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """Set the same prefix for all plays, if whole groups get a hint.

        Raises `UsageError` for plays that begin with a hint of another part.
        """
        request = ticket.request
        if self.settings.rollouts:
            return request
        if any(play.prefix for play in request.plays):
            raise UsageError(
                "sampling.schedules and the algorithm's companion Hints both set how replies "
                "begin; leave one of them out, such as by --objective.companions none"
            )
        prefix = self._drawn(context, request.task)
        return replace(request, plays=tuple(replace(p, prefix=prefix) for p in request.plays))

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Otherwise play further rollouts with a prefix, for groups with own rollouts."""
        if not self.settings.rollouts:
            return groups
        return await asyncio.gather(*(self._joined(context, ticket, group) for group in groups))

    async def _joined(self, context: StepContext, ticket: Ticket, group: Group) -> Group:
        if not own(group):
            return group
        more = await context.play(self._request(context, ticket, group))
        return group.joined(more.rollouts)

    def _request(self, context: StepContext, ticket: Ticket, group: Group) -> Request:
        seeds = context.seeds(f"hint {ticket.label}", group.task, self.settings.rollouts)
        prefix = self._drawn(context, group.task)
        return Request.of(group.task, seeds, context.decoding, prefix)

    def _drawn(self, context: StepContext, task: Task) -> tuple[int, ...]:
        rng = Random(repr(("hint", context.seed, context.step, task.id)))
        return beginning(context, task, self.settings.drawn(context.step, rng))
