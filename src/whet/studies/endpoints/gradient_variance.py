"""The variance of the gradient at fixed weights, over batches of rollouts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from statistics import fmean, variance

from jaxtyping import Float
from torch import Tensor, stack

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import EmbeddedLearner
from whet.protocols import Player, WorldSetup
from whet.rollouts.batching import build_batch
from whet.rollouts.runner import RolloutRunner
from whet.studies.endpoint import Ended, Endpoint, Measurement
from whet.studies.endpoints.final_metric import FinalMetric
from whet.training.run import Run
from whet.types import Group, IntegrityError, Request, Task, UsageError, seed_of

_SPLIT = "dev"  # of tasks: neither trained on, nor those of the final evaluation
_LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientSpread:
    """The spread of M gradients g_i ∈ R^P around their mean ḡ."""

    trace: float  # tr Σ
    signal: float  # ‖E g‖², without bias; it may be negative

    @classmethod
    def of(cls, gradients: Float[Tensor, "M P"]) -> "GradientSpread":
        """The trace of the sample covariance, and the squared length of the mean without its noise.

        tr Σ = M/(M−1) · (mean ‖g_i‖² − ‖ḡ‖²),   ‖E g‖² ≈ ‖ḡ‖² − tr Σ / M

        Both are computed in float64.
        """
        g = gradients.double()
        count, mean = len(g), g.mean(0)
        trace = ((g - mean) ** 2).sum().item() / (count - 1)
        return cls(trace=trace, signal=(mean**2).sum().item() - trace / count)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientVariance(Endpoint):
    """y = log tr Σ, Σ the covariance of the gradient of a batch at the weights before RL.

    M = `batches` batches have `prompts` tasks of the dev split each, with as many rollouts a task
    as in training.  Tasks and seeds are the same for every arm that starts from the same weights,
    and so are the rollouts.  Every batch has its own advantages, as a step of training has: a batch
    mean is that of its batch.  So the gradients are computed one by one, and no union of batches.

    A baseline changes the length of the expected gradient, too: with the mean of n rollouts that
    contains the own reward it is (n − 1)/n of the one with the others' mean.  `signal` beside it
    tells.  Further numbers beside it: `trace`; `mean_reward` and `reward_variance`, the variance of
    rewards within a group (over n − 1), both of the fixed rollouts; and those of `final_metric`.
    """

    batches: int = 20
    prompts: int = 16

    def __post_init__(self) -> None:
        for name, least in (("batches", _LEAST), ("prompts", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"endpoint.{name} is {getattr(self, name)}; give {least} or more")

    def check_arm(self, run: Run) -> None:
        if not isinstance(run.engine, Embedded):
            raise UsageError(
                f"endpoint is gradient_variance, and engine {type(run.engine).__name__} gives no "
                "gradient; take the engine embedded"
            )
        if run.sampling.group_size < _LEAST:
            raise UsageError(
                f"endpoint is gradient_variance, and sampling.size gives {run.sampling.group_size} "
                "rollouts per task; give a fixed number, 2 or more"
            )

    async def measure(self, ended: Ended) -> Measurement:
        groups = await self._groups(ended.run)
        spread = GradientSpread.of(await self._gradients(ended.run, groups))
        if not spread.trace > 0:
            raise IntegrityError(
                f"the trace of the gradient's covariance is {spread.trace}, which has no logarithm"
            )
        beside = await FinalMetric().measure(ended)
        return Measurement(
            endpoint=log(spread.trace),
            secondary={
                "trace": spread.trace,
                "signal": spread.signal,
                **_of_rewards(groups),
                **beside.secondary,
            },
        )

    async def _groups(self, run: Run) -> list[Group]:
        """The judged groups of all batches, played by the weights before RL."""
        wanted = self.batches * self.prompts
        tasks = run.measured.held_out(_SPLIT, wanted)
        if len(tasks) < wanted:
            raise UsageError(
                f"endpoint needs {wanted} tasks of the {_SPLIT} split, which has {len(tasks)}; "
                "give fewer endpoint.batches or endpoint.prompts"
            )
        player = await run.engine.player(run.model, run.seed)
        world = await run.environment.open(WorldSetup(rival=partial(run.engine.rival, run.model)))
        try:
            plays = player.within(world)
            return [
                group
                for first in range(0, wanted, self.prompts)
                for group in await _played(plays, run, tasks[first : first + self.prompts], first)
            ]
        finally:
            for opponent in world.opponents:
                await opponent.close()
            await player.close()

    async def _gradients(self, run: Run, groups: Sequence[Group]) -> Float[Tensor, "M P"]:
        learner = await _learner(run)
        found = []
        for place in range(0, len(groups), self.prompts):
            batch, _ = await build_batch(
                groups[place : place + self.prompts], run.objective, learner
            )
            found.append(await learner.gradient(run.objective, batch))
        return stack(found)


async def _played(player: Player, run: Run, tasks: Sequence[Task], first: int) -> Sequence[Group]:
    """The judged groups of some tasks."""
    runner, size = RolloutRunner(player, run.reward, 0), run.sampling.group_size
    seeds = [seed_of("gradient_variance", run.seed, first, i) for i in range(size)]
    requests = [Request.of(task, seeds, run.decoding) for task in tasks]
    played = await asyncio.gather(*map(runner.rollouts, requests))
    return [group for groups in played for group in groups]


async def _learner(run: Run) -> EmbeddedLearner:
    """A learner of the weights before RL."""
    player, learner = await run.engine.open(run.model, run.seed)
    await player.close()
    assert isinstance(learner, EmbeddedLearner)
    learner.reset_optimizer(run.optimizer)
    return learner


def _of_rewards(groups: Sequence[Group]) -> dict[str, float]:
    """The mean reward, and the mean over groups of the variance within a group."""
    scores = [[r.score for r in group if r.score is not None] for group in groups]
    known = [mine for mine in scores if len(mine) > 1]
    if not known:
        raise IntegrityError("no group has two rollouts with a score, so no reward has a variance")
    return {
        "mean_reward": fmean(score for mine in known for score in mine),
        "reward_variance": fmean(variance(mine) for mine in known),
    }
