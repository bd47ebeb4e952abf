"""Supervised warm-up: the learner is trained on a teacher's examples, with the same ledger."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from inspect import isawaitable

from whet.policy import algorithms
from whet.protocols import Learner, Renderer, Update
from whet.rollouts.batching import build_batch
from whet.rollouts.transcripts import demonstrated
from whet.sampling.schedules.uniform import STREAM
from whet.training.clock import Clock
from whet.training.run import Warmup
from whet.types import Group, Rollout, Verdict
from whet.types.transcripts import Example

_MEMORY = 0.9  # decay of the moving average of the loss
_EARLIEST = 100  # first step at which `until` may be met, once the average has settled
_FLOOR = 0.1  # factor on the learning rate at the end of the cool-down


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmupProgress:
    """State of the warm-up that the next supervised step needs."""

    done: int = 0
    average: float | None = None  # of the loss
    cooled_from: int = -1  # step at which the learning rate began to fall; −1: not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class SFTStep:
    """The report of one supervised step."""

    number: int
    update: Update
    lr: float
    seconds: float
    progress: WarmupProgress


async def sft(
    warmup: Warmup, learner: Learner, renderer: Renderer, seed: int, progress: WarmupProgress
) -> AsyncIterator[SFTStep]:
    """Take supervised steps from `progress` to the end of the warm-up; yields their reports."""
    objective = algorithms.load("sft")
    while progress.done < _end(warmup, progress):
        clock = Clock()
        number = progress.done
        lr = _lr(warmup, progress)
        first = seed * STREAM + number * warmup.batch
        examples = [await _example(warmup, number, first + i) for i in range(warmup.batch)]
        groups = [
            Group(task=task, rollouts=(), ticket=place).joined(
                [_right(demonstrated(renderer, task, said))]
            )
            for place, (task, said) in enumerate(examples)
        ]
        batch, _ = await build_batch(groups, objective, learner)
        update = await learner.step(objective, batch, lr)
        progress = _advanced(warmup, progress, update.loss)
        clock.lap("learn")
        yield SFTStep(
            number=number,
            update=update,
            lr=lr,
            seconds=clock.laps["learn"],
            progress=progress,
        )


async def _example(warmup: Warmup, step: int, index: int) -> Example:
    found = warmup.teacher.example(step, index)
    return await found if isawaitable(found) else found


def _right(rollout: Rollout) -> Rollout:
    return replace(rollout, verdict=Verdict.binary(correct=True))


def _end(warmup: Warmup, progress: WarmupProgress) -> int:
    return warmup.steps if progress.cooled_from < 0 else progress.cooled_from + warmup.cooldown


def _lr(warmup: Warmup, progress: WarmupProgress) -> float:
    lr = warmup.optimizer.lr_at(progress.done, warmup.steps)
    if progress.cooled_from < 0:
        return lr
    return lr * (1 - (1 - _FLOOR) * (progress.done - progress.cooled_from) / warmup.cooldown)


def _advanced(warmup: Warmup, progress: WarmupProgress, loss: float) -> WarmupProgress:
    before = loss if progress.average is None else progress.average
    average = _MEMORY * before + (1 - _MEMORY) * loss
    done = progress.done + 1
    cooled_from = progress.cooled_from
    met = average < warmup.until and done > _EARLIEST
    if warmup.until and cooled_from < 0 and (met or done == warmup.steps):
        cooled_from = done
    return WarmupProgress(done=done, average=average, cooled_from=cooled_from)
