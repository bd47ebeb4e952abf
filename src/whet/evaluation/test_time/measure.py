"""Playing of attempts: every task, several times, in the rows of the same record."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.evaluation.config import EvalConfig
from whet.evaluation.measure import sample_seeds
from whet.evaluation.recording import SampleRecorder, named
from whet.evaluation.samples import Sample
from whet.evaluation.test_time.attempt import Attempt, AttemptContext
from whet.types import Group, Task


@dataclass(frozen=True, slots=True)
class _Asked:
    """An attempt to be made at a task, once for each seed."""

    attempt: Attempt
    task: Task
    name: str
    seeds: tuple[int, ...]


async def check_attempts(
    attempts: Sequence[Attempt], tasks: Sequence[Task], context: AttemptContext
) -> None:
    """Raise `UsageError` for an attempt that the engine can't serve, before anything is decoded."""
    for attempt in attempts:
        for task in tasks[:1]:
            await attempt.open(context, task)


async def measure_attempts(
    attempts: Sequence[Attempt],
    tasks: Sequence[Task],
    evaluation: EvalConfig,
    context: AttemptContext,
    recorder: SampleRecorder,
) -> list[Sample]:
    """The rows of all attempts: `evaluation.samples` of each at every task.

    The seeds are those of the plain samples: a revision begins with the sample of its number.  Each
    row has the tokens of its attempt, and the attempt's label as `strategy`.  Plain samples are
    those of `whet.evaluation.measure`, and are not decoded again.  What the recorder's journal has
    is not played again.
    """
    seeds = sample_seeds(tasks, evaluation.samples)
    rows: list[Sample] = []
    for attempt in attempts:
        if attempt.samples:
            continue
        asked = [_Asked(attempt, *each) for each in zip(tasks, named(tasks), seeds, strict=True)]
        found = await asyncio.gather(*(_rows(one, context, recorder) for one in asked))
        rows += [row for part in found for row in part]
    return rows


async def _rows(
    asked: _Asked, context: AttemptContext, recorder: SampleRecorder
) -> Sequence[Sample]:
    planned = recorder.planned(asked.name, asked.seeds, greedy=False, strategy=asked.attempt.label)
    if (known := recorder.journal.found(planned)) is not None:
        return known
    answers = await asyncio.gather(
        *(asked.attempt.answer(asked.task, seed, context) for seed in asked.seeds)
    )
    group = Group.of([answered.rollout for answered in answers])
    made = recorder.samples(planned, [group], await recorder.selections([group]))
    rows = [
        replace(sample, seed=seed, tokens=None if sample.tokens is None else answered.tokens)
        for sample, seed, answered in zip(made, asked.seeds, answers, strict=True)
    ]
    recorder.journal.keep(planned, rows)
    return rows
