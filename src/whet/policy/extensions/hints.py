"""Replies that others begin: hints, prefixes, and how much of them is shown."""

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
    """Replies that begin with a part of a demonstration; what begins is others' choice.

    All rollouts of a group begin alike, or so many `rollouts` more join it with a beginning.  p(t)
    falls along a half cosine from `high` to `low` over `steps`, and is `after` from then on.  With
    `parts` = n the share that is shown is Binomial(n, p)/n (UFT, arXiv:2505.16984); with `parts` =
    0 it is uniform between p and `high` (Prefix-RFT, arXiv:2507.01679, unconfirmed).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR})

    low: float = 0.05
    high: float = 0.95
    steps: int = 300
    after: float = 0.0
    parts: int = 5  # pieces that a demonstration is cut into; 0: any share
    rollouts: int = 0  # that join a group; 0: its own rollouts begin with the hint

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        if not 0 <= self.low <= self.high <= 1:
            raise UsageError(
                f"Hints.low, high are {self.low}, {self.high}; give 0 ≤ low ≤ high ≤ 1"
            )

    def share(self, step: int) -> float:
        """p(t) = low + (high − low)(1 + cos(π t/T))/2  while t ≤ T."""
        if step > self.steps:
            return self.after
        wave = (1 + cos(pi * step / max(self.steps, 1))) / 2
        return self.low + (self.high - self.low) * wave

    def drawn(self, step: int, rng: Random) -> float:
        """How much of a demonstration one rollout is shown."""
        p = self.share(step)
        if self.parts:
            return sum(rng.random() < p for _ in range(self.parts)) / self.parts
        return rng.uniform(p, max(p, self.high))

    async def open(self, setup: SetupContext) -> "LiveHints":
        """It needs nothing of a run."""
        del setup
        return LiveHints(self)


@dataclass(slots=True)
class LiveHints(Extension):
    """A whole group begins alike; or one more rollout, or several, join it with a beginning.

    Nothing is remembered, so the order of tickets doesn't matter.
    """

    settings: Hints

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """Let every reply begin with the same hint, if all are to have one."""
        request = ticket.request
        if self.settings.rollouts:
            return request
        prefix = self._drawn(context, request.task)
        return replace(request, plays=tuple(replace(p, prefix=prefix) for p in request.plays))

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Else play so many more with a hint; a group without attempts of the policy stays."""
        del ticket
        if not self.settings.rollouts:
            return groups
        return await asyncio.gather(*(self._joined(context, group) for group in groups))

    async def _joined(self, context: StepContext, group: Group) -> Group:
        if not own(group):
            return group
        more = await context.play(self._request(context, group))
        return group.joined(more.rollouts)

    def _request(self, context: StepContext, group: Group) -> Request:
        seeds = context.seeds(f"hint {group.ticket}", group.task, self.settings.rollouts)
        prefix = self._drawn(context, group.task)
        return Request.of(group.task, seeds, context.decoding, prefix)

    def _drawn(self, context: StepContext, task: Task) -> tuple[int, ...]:
        rng = Random(repr(("hint", context.seed, context.step, task.id)))
        return beginning(context, task, self.settings.drawn(context.step, rng))
