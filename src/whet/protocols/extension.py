"""Extensions: parts of an algorithm besides its loss, e.g. critics, replay buffers, controllers."""

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
from whet.types.weights import Version, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupContext:
    """What extensions may use when a run begins."""

    engine: Engine
    learner: Learner
    base: Path  # folder of the initial policy


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
    objective: Algorithm  # the run's objective, before extensions adapt it
    decoding: Decoding
    learner: Learner
    folder: Path  # a folder that an extension may save models in
    play: Callable[[Request], Awaitable[Group]]  # plays and judges
    judge: Callable[[Group], Awaitable[Group]]  # judges rollouts that were not played
    render: Callable[[Task, str], Rollout]  # a given reply as a rollout of external tokens
    demonstrate: Callable[[Task], str | None]  # a correct reply; needs a demonstrator
    upcoming: Callable[[int], Sequence[Task]]  # tasks of the next n steps, this one included
    learn: Callable[
        [Sequence[Group], Algorithm, float], Awaitable[Update]
    ]  # one further optimizer step
    deliver: Callable[[Weights], Awaitable[Version]]  # the player samples with these from now on
    version: Version | None = None  # of the weights that the step began with

    def seeds(self, name: str, task: Task, count: int) -> tuple[int, ...]:
        """`count` seeds hashed from purpose, run, step and task, so that no other play has them."""
        place = (name, self.seed, self.step, task.id)
        return tuple(seed_of(*place, i) for i in range(count))


class Extension:
    """Base class of extensions. By default every hook changes nothing.

    `before_rollout` and `after_rollout` are called once per ticket, the other hooks once per step.
    """

    __slots__ = ()

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """Called when a ticket is launched; returns the request to play."""
        del context
        return ticket.request

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Called when a ticket is judged; may add, replace or drop rollouts and groups."""
        del context, ticket
        return groups

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """Called once the groups of the step are known; returns the algorithm of this step."""
        del context, groups
        return objective

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Called before advantages are computed; fills columns of their inputs."""
        del context, rollouts
        return inputs

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Called after the policy's update; may train models of its own. Returns metrics to log."""
        del context, batch, inputs
        return {}

    def state_dict(self) -> dict[str, Any]:
        """State for `load_state_dict`: numbers, texts, lists, dictionaries and tensors."""
        return {}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        """Restore exactly the state that `state_dict` returned."""

    async def save(self, folder: Path) -> None:
        """Write models into a folder of this extension, which is created on first use."""

    async def load(self, folder: Path) -> None:
        """Read the models that `save` wrote."""
