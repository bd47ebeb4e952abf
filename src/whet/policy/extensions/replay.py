"""RLEP: correct rollouts of earlier visits join the group of their task."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.groups import own, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Metrics, Need, Rollout, Ticket, TrainBatch
from whet.types.saved_rollouts import as_plain_list, from_plain_list, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Companion):
    """A replay buffer of correct rollouts per task; `count` of them join the task's group.

    They keep the log-probs that they were sampled with (RLEP, arXiv:2507.07451). A task is replayed
    once it has `least` different correct replies; at most `most` are kept.
    """

    remembers: ClassVar[bool] = True

    provides = frozenset({Need.MEMORIES})
    needs = frozenset({Need.CORRECTNESS})

    count: int = 2
    least: int = 2
    most: int = 64

    async def open(self, setup: SetupContext) -> "LiveReplay":
        del setup
        return LiveReplay(self)


@dataclass(slots=True)
class LiveReplay(Extension):
    """Different correct replies of every task, the newest last.

    All tickets of a step see the buffer of the steps before. Their own successes are stored after
    the update, in ticket order.
    """

    settings: Replay
    memories: dict[str, list[Rollout]] = field(default_factory=dict)
    found: ByTicket[list[Rollout]] = field(default_factory=ByTicket[list[Rollout]])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Add replayed rollouts to groups that have rollouts of the policy.

        Further rounds of a task get none, because they join the group of its first round.
        """
        self.found.put(ticket, [remembered(r) for group in groups for r in successes(own(group))])
        if ticket.request.completes is not None:
            return groups
        return [group.joined(self._recalled(context, group)) for group in groups]

    def _recalled(self, context: StepContext, group: Group) -> list[Rollout]:
        task = group.task.id
        known = self.memories.get(task, [])
        if len(known) < self.settings.least or not own(group):
            return []
        rng = Random(repr(("replay", context.seed, context.step, task)))
        return rng.sample(known, min(self.settings.count, len(known)))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Store the correct rollouts of this step."""
        del batch, inputs
        for found in self.found.over(context):
            self._remember(found)
        return {}

    def _remember(self, found: Iterable[Rollout]) -> None:
        for rollout in found:
            known = self.memories.setdefault(rollout.task.id, [])
            if all(rollout.token_ids.tobytes() != r.token_ids.tobytes() for r in known):
                known.append(rollout)
                del known[: -self.settings.most]

    def state_dict(self) -> dict[str, Any]:
        memories = {task: as_plain_list(held) for task, held in self.memories.items()}
        return {"memories": memories, "found": self.found.as_plain(as_plain_list)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.memories = {task: from_plain_list(held) for task, held in state["memories"].items()}
        self.found.load(state["found"], from_plain_list)
