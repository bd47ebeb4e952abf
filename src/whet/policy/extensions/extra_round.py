"""EFRame: a second, hotter round of rollouts on unsolved tasks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whet.policy.domains import COUNT, POSITIVE, check
from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.groups import attempts, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Metrics, Need, Request, Rollout, Ticket, TrainBatch
from whet.types.saved_rollouts import as_plain_list, from_plain_list, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraRound(Companion):
    """Unsolved tasks are played again, `samples` times at a higher temperature.

    Correct rollouts join the group, and are stored for the task's next visit (EFRame,
    arXiv:2506.22200, unconfirmed).
    """

    provides = frozenset({Need.MEMORIES})
    needs = frozenset({Need.CORRECTNESS})

    samples: int = 16
    temperature: float = 1.2

    def __post_init__(self) -> None:
        check(self, samples=COUNT, temperature=POSITIVE)

    def asks(self, right: int) -> bool:
        """True if a task with this number of correct rollouts is played again."""
        return right == 0

    def kept(self, right: Sequence[bool]) -> tuple[int, ...]:
        """Indices of the extra rollouts that are kept: the correct ones."""
        return tuple(i for i, it_is in enumerate(right) if it_is)

    async def open(self, setup: SetupContext) -> "LiveExtraRound":
        del setup
        return LiveExtraRound(self)


@dataclass(slots=True)
class LiveExtraRound(Extension):
    """Correct rollouts of extra rounds, stored per task.

    All tickets of a step see the store of the steps before. New rollouts are stored after the
    update, in ticket order.
    """

    settings: ExtraRound
    memories: dict[str, list[Rollout]] = field(default_factory=dict)
    found: ByTicket[list[Rollout]] = field(default_factory=ByTicket[list[Rollout]])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Unsolved groups get the stored rollouts, then the correct ones of an extra round."""
        asking = [i for i, group in enumerate(groups) if self._asks(group)]
        requests = [self._request(context, ticket, groups[i]) for i in asking]
        played = await asyncio.gather(*map(context.play, requests))
        joined, fresh = list(groups), []
        for place, extra in zip(asking, played, strict=True):
            group = groups[place]
            good = [extra[i] for i in self.settings.kept([_right(r) for r in extra])]
            first = ticket.request.completes is None  # a further round joins the first one's group
            stored = self.memories.get(group.task.id, []) if first else []
            joined[place] = group.joined([*stored, *good])
            fresh += [remembered(r) for r in good]
        self.found.put(ticket, fresh)
        return joined

    def _asks(self, group: Group) -> bool:
        tried = attempts(group)
        return bool(tried) and self.settings.asks(len(successes(tried)))

    def _request(self, context: StepContext, ticket: Ticket, group: Group) -> Request:
        how = replace(context.decoding, temperature=self.settings.temperature)
        seeds = context.seeds(f"extra {ticket.label}", group.task, self.settings.samples)
        return Request.of(group.task, seeds, how)

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Store the correct rollouts of this step's extra rounds."""
        del batch, inputs
        for rollout in (r for found in self.found.over(context) for r in found):
            known = [*self.memories.get(rollout.task.id, []), rollout]
            self.memories[rollout.task.id] = known[-self.settings.samples :]
        return {}

    def state_dict(self) -> dict[str, Any]:
        memories = {task: as_plain_list(held) for task, held in self.memories.items()}
        return {"memories": memories, "found": self.found.as_plain(as_plain_list)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        memories = state["memories"].items()
        self.memories = {task: from_plain_list(held) for task, held in memories}
        self.found.load(state["found"], from_plain_list)


def _right(rollout: Rollout) -> bool:
    return bool(successes([rollout]))
