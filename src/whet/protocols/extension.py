"""What accompanies an algorithm beside its loss: critics, memories, teachers, controllers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.protocols.algorithm import Algorithm
from whet.protocols.engine import Engine, Learner, Update
from whet.types import (
    AdvantageInputs,
    Decoding,
    Group,
    Metrics,
    Request,
    Rollout,
    Task,
    Ticket,
    TrainBatch,
    seed_of,
)
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupContext:
    """What extensions may use when a run begins."""

    engine: Engine
    learner: Learner
    base: Path  # the folder of the policy before any reward


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What extensions may use during one training step."""

    step: int
    steps: int  # of the whole run
    seed: int  # the run's
    tickets: int  # per step
    minibatches: int
    lr: float  # the policy's learning rate in this step
    optimizer: AdamW
    objective: Algorithm  # the run's own, before extensions adapt it
    decoding: Decoding
    learner: Learner
    folder: Path  # where an extension may keep models
    play: Callable[[Request], Awaitable[Group]]  # plays and judges
    judge: Callable[[Group], Awaitable[Group]]  # judges what was not played
    render: Callable[[Task, str], Rollout]  # a reply of others, as tokens
    demonstrate: Callable[[Task], str | None]  # a right reply, where the run has a demonstrator
    upcoming: Callable[[int], Sequence[Task]]  # the tasks of so many steps, this one included
    learn: Callable[[Sequence[Group], Algorithm, float], Awaitable[Update]]  # one more step

    def seeds(self, name: str, task: Task, count: int) -> tuple[int, ...]:
        """Seeds counted from run, step, task and purpose: no other play has them."""
        place = (name, self.seed, self.step, task.id)
        return tuple(seed_of(*place, i) for i in range(count))


class Extension:
    """Base class of what accompanies an algorithm in a run.  Every hook does nothing by default.

    `before_rollout` and `after_rollout` are called per ticket, the others once per step.
    """

    __slots__ = ()

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """What to play for a ticket, at its launch."""
        del context
        return ticket.request

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """The judged groups of a ticket, changed: more rollouts, fewer, or other groups besides."""
        del context, ticket
        return groups

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """The algorithm of this step; `groups` are those that it will learn from."""
        del context, groups
        return objective

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """What advantages are made of, with columns that this extension knows."""
        del context, rollouts
        return inputs

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Learn beside the policy; the metrics to log."""
        del context, batch, inputs
        return {}

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: numbers, texts, lists, dictionaries and tensors."""
        return {}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        """Go on exactly where `state_dict` was asked for."""

    async def save(self, folder: Path) -> None:
        """Write models into a folder of this extension's own, made when first needed."""

    async def load(self, folder: Path) -> None:
        """Read them back."""
