"""DPH-RL: easy prompts are rehearsed with samples of the initial policy instead of trained on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from whet.policy.extensions.groups import attempts, successes
from whet.policy.extensions.last_ticket import closes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Request, Rollout, Span, Task, Ticket
from whet.types.saved_rollouts import as_plain_list, from_plain_list, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal(Companion):
    """Add correct replies of the initial policy to every batch, as external tokens.

    As in DPH-RL (arXiv:2509.07430; the share is ours). They keep their log-probs, and are the
    fraction `share` of a batch. A prompt is rehearsed, and not trained on, if the initial policy
    solved it at least `least` of `tried` times.
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.CORRECTNESS})

    share: float = 0.25
    tried: int = 8
    least: int = 8
    ahead: int = 8  # number of first steps from which prompts are collected

    def solved(self, right: int) -> bool:
        """True if a prompt with this number of correct replies is rehearsed."""
        return right >= self.least

    async def open(self, setup: SetupContext) -> "LiveRehearsal":
        del setup
        return LiveRehearsal(self)


@dataclass(slots=True)
class LiveRehearsal(Extension):
    """Correct replies of the initial policy by task; None until they are collected.

    The first ticket of the run collects them, and the others wait for it. They depend on seed and
    step only, so any ticket would collect the same. The last ticket of a step carries the
    rehearsals.
    """

    settings: Rehearsal
    solved: dict[str, list[Rollout]] | None = None
    collecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Drop groups of rehearsed tasks; the last ticket adds rehearsal groups."""
        async with self.collecting:
            if self.solved is None:
                self.solved = await self._collected(context)
        solved = self.solved
        hard = [group for group in groups if group.task.id not in solved]
        if not solved or not closes(context, ticket):
            return hard
        own = sum(group.ticket == ticket.number for group in groups)
        wanted = max(1, round(context.tickets * max(own, 1) * self.settings.share))
        rng = Random(repr(("rehearsal", context.seed, context.step)))
        tasks = rng.sample(sorted(solved), min(wanted, len(solved)))
        return [*hard, *(Group.of(solved[task]) for task in tasks)]

    async def _collected(self, context: StepContext) -> dict[str, list[Rollout]]:
        """Play the tasks of the first steps with the initial policy."""
        tasks = {task.id: task for task in context.upcoming(self.settings.ahead)}
        requests = [self._request(context, task) for task in tasks.values()]
        played = await asyncio.gather(*map(context.play, requests))
        right = {group.task.id: successes(attempts(group)) for group in played}
        return {
            task: [_others(r) for r in rollouts]
            for task, rollouts in right.items()
            if self.settings.solved(len(rollouts))
        }

    def _request(self, context: StepContext, task: Task) -> Request:
        seeds = context.seeds("rehearsal", task, self.settings.tried)
        return Request.of(task, seeds, context.decoding)

    def state_dict(self) -> dict[str, Any]:
        if self.solved is None:
            return {"solved": None}
        return {"solved": {task: as_plain_list(rows) for task, rows in self.solved.items()}}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        held = state["solved"]
        self.solved = (
            None if held is None else {task: from_plain_list(rows) for task, rows in held.items()}
        )


def _others(rollout: Rollout) -> Rollout:
    """The rollout as external tokens, from the first step on, while the weights are still equal."""
    stale = replace(remembered(rollout), spans=(Span(rollout.length),), id="")
    return stale.sealed() if rollout.seal else stale
