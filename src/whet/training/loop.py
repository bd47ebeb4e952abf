"""The training loop.

Each step: the buffer plays, judges, checks and filters groups; then the batch is built, the learner
takes its optimizer steps, weights are published, the player is updated and checked. The loop knows
neither devices nor processes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from whet.environments.opponents import Opponent
from whet.policy.extensions.together import Extensions
from whet.protocols import Learner, Now, Player, Update
from whet.rewards.judging.canaries import Canary
from whet.rollouts.batching import build_batch
from whet.rollouts.buffer import StepGroups, TicketBuffer
from whet.rollouts.checks import (
    check_drift,
    check_faults,
    check_movement,
    check_optimizer,
    check_rate,
    check_report,
    check_weight_sync,
    first_taught,
    probe_of,
)
from whet.rollouts.delivered import Delivered
from whet.training.beside import Learning, at_once
from whet.training.clock import Clock
from whet.training.last_metrics import LastMetrics
from whet.training.run import Run
from whet.training.ticket_runner import TicketRunner
from whet.types import Group, Metrics, TrainBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainStep:
    """The report of one training step."""

    number: int
    sampled: tuple[Group, ...]  # of all tickets, without what extensions added or dropped
    taken: StepGroups
    batch: TrainBatch
    updates: tuple[Update, ...]
    lr: float
    seconds: Mapping[str, float]
    token_counts: Mapping[str, int]
    metrics: Metrics  # of extensions
    beside: bool = False  # whether rollouts went on while the learner learned


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """The running objects of a run."""

    player: Player
    learner: Learner
    buffer: TicketBuffer
    extensions: Extensions
    folder: Path  # folder for models of extensions
    learning: Learning = at_once  # how the learner's long calls run
    opponents: Sequence[Opponent] = ()  # of the environment
    last_metrics: LastMetrics = field(default_factory=LastMetrics)
    canaries: Sequence[Canary] = ()  # known rows for the judge
    delivered: Delivered = field(default_factory=Delivered)


async def train(run: Run, live: LiveRun, start: int) -> AsyncIterator[TrainStep]:
    """Take the steps of a run from `start` on, and yield the report of each."""
    player, learner, extensions = live.player, live.learner, live.extensions
    last = live.last_metrics

    for number in range(start, run.steps):
        clock = Clock()
        before = dict(player.token_counts())
        check_optimizer(learner, last.optimizer_steps)
        now = Now(step=number, steps=run.steps, version=learner.version, metrics=last.metrics)
        round_ = TicketRunner.of(run, live, number)
        taken = await live.buffer.take(now, round_.play)
        check_faults(taken.sampled, run.limits)
        taken.checked(run.sampling, number)
        clock.lap("play")

        context = round_.context
        objective = await extensions.adapt_objective(context, taken.groups)
        batch, inputs = await build_batch(taken.groups, objective, learner, context, extensions)
        parts = batch.minibatches(run.minibatches, Random(f"{run.seed}/{number}"))
        updates = [await live.learning(learner.step(objective, part, context.lr)) for part in parts]
        for update, part in zip(updates, parts, strict=True):
            check_report(update, part)
        fresh = first_taught(updates)
        check_drift(updates[fresh], parts[fresh].rollouts, run.limits, learner.dtype)
        check_rate(updates, context.lr)
        last.metrics = await extensions.after_update(context, batch, inputs)
        clock.lap("learn")

        weights = await live.learning(learner.publish())
        async with live.buffer.swapping(run.lag.swap):
            live.delivered.note(weights.version)
            await player.update(weights, run.lag.swap)
        probe = probe_of(taken.groups[0].task, run.decoding)
        await check_weight_sync(player, learner, weights, probe, run.limits)
        moved = round_.version, weights.version
        last.still = check_movement(moved, updates, context.lr, last.still, learner.dtype)
        last.optimizer_steps = learner.optimizer_steps
        clock.lap("sync")
        counts = {name: count - before[name] for name, count in player.token_counts().items()}
        yield TrainStep(
            number=number,
            sampled=taken.sampled,
            taken=taken,
            batch=batch,
            updates=tuple(updates),
            lr=context.lr,
            seconds=clock.laps,
            token_counts=counts,
            beside=run.lag.staleness > 0,
            metrics=last.metrics,
        )
