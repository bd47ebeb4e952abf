"""ReLIFT: demonstrations of unsolved tasks are collected for supervised steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.policy.domains import AT_LEAST_0, COUNT, check
from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.demonstrated import demonstrated
from whet.policy.extensions.groups import attempts, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Mean, Metrics, Need, Rollout, Ticket, TrainBatch
from whet.types.saved_rollouts import as_plain_list, from_plain_list


@dataclass(frozen=True, slots=True, kw_only=True)
class SFTBuffer(Companion):
    """Collect demonstrations of unsolved tasks; a full buffer is one supervised step.

    As in ReLIFT (arXiv:2506.07527).
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.DEMONSTRATOR, Need.CORRECTNESS})

    size: int = 32
    lr_scale: float = 1.0  # factor on the learning rate of the step

    def __post_init__(self) -> None:
        check(self, size=COUNT, lr_scale=AT_LEAST_0)

    def keeps(self, right: int) -> bool:
        """True if the demonstration of a task with this number of correct rollouts is collected."""
        return right == 0

    def full(self, held: int) -> bool:
        """True if this number of demonstrations is enough for a step."""
        return held >= self.size

    async def open(self, setup: SetupContext) -> "LiveSFTBuffer":
        del setup
        return LiveSFTBuffer(self)


@dataclass(slots=True)
class LiveSFTBuffer(Extension):
    """The buffer of demonstrations, extended after the update in ticket order."""

    settings: SFTBuffer
    buffer: list[Rollout] = field(default_factory=list)
    found: ByTicket[list[Rollout]] = field(default_factory=ByTicket[list[Rollout]])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Collect a demonstration of every unsolved task; groups are unchanged."""
        tried = [(group.task, attempts(group)) for group in groups]
        unsolved = [t for t, mine in tried if mine and self.settings.keeps(len(successes(mine)))]
        demos = [demonstrated(context, task) for task in unsolved]
        self.found.put(ticket, [demo for demo in demos if demo is not None])
        return groups

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """If the buffer is full, train on it with the run's own objective and empty it."""
        del batch, inputs
        self.buffer += [demo for found in self.found.over(context) for demo in found]
        waiting = len(self.buffer)
        if self.settings.full(waiting):
            groups = [Group.of([demo]) for demo in self.buffer]
            await context.learn(groups, context.objective, context.lr * self.settings.lr_scale)
            self.buffer = []
        return {"buffered": Mean(total=waiting, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {"buffer": as_plain_list(self.buffer), "found": self.found.as_plain(as_plain_list)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.buffer = from_plain_list(state["buffer"])
        self.found.load(state["found"], from_plain_list)
