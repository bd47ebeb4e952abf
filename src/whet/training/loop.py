"""The loop, on one screen.

schedule → play → judge → believe → join → gate → assemble → learn → sync → prove; the caller keeps
the ledger.  It is handed a sampler, a learner and a crew, and knows neither devices nor processes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from whet.protocols import Learner, Sampler, Update
from whet.training import trust
from whet.training.assemble import Share, minibatches, scored, shared
from whet.training.clock import Clock
from whet.training.companions import Crew
from whet.training.court import Court
from whet.training.run import Run
from whet.training.stage import Stage
from whet.types import Group, Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step has to tell; the rejected groups are in it too."""

    number: int
    groups: tuple[Group, ...]
    admitted: tuple[bool, ...]
    share: Share
    updates: tuple[Update, ...]
    rate: float
    seconds: Mapping[str, float]
    spent: Mapping[str, int]
    told: Metrics  # by companions


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who takes part in a run."""

    sampler: Sampler
    learner: Learner
    crew: Crew
    folder: Path


async def train(run: Run, cast: Cast, start: int) -> AsyncIterator[Step]:
    """Take the steps of a run from `start` on, one by one."""
    sampler, learner, crew = cast.sampler, cast.learner, cast.crew

    for number in range(start, run.steps):
        clock = Clock()
        before = dict(sampler.spent())
        court = Court.of(run, sampler, number)
        stage = Stage(
            run=run,
            number=number,
            learner=learner,
            episode=court.episode,
            judged=court.judged,
            folder=cast.folder,
        )
        plan = crew.plan(stage, list(run.schedule(run.corpus, number, run.seed)))
        played = tuple(await asyncio.gather(*map(court.episode, plan)))
        trust.believe(played, learner.digest(), run.limits)
        groups = await crew.join(stage, played)
        clock.lap("play")

        admitted = tuple(run.gate(group) for group in groups)
        kept = [group for group, good in zip(groups, admitted, strict=True) if good]
        objective = crew.adjust(stage, groups)
        rollouts, scores = scored(kept, objective.needs, learner)
        scores = crew.score(scores, rollouts)
        share = shared(rollouts, scores, objective)
        deals = minibatches(share, run.minibatches, Random(f"{run.seed}/{number}"))
        rate = stage.rate
        updates = tuple(learner.step(objective, *deal, rate) for deal in deals)
        trust.near(updates[0], deals[0][0], run.limits)
        told = crew.learn(stage, share, scores)
        clock.lap("learn")

        sampler.load(learner.weights())
        await trust.delivered(sampler, learner, plan[0].task, run.limits)
        clock.lap("sync")
        spent = {name: count - before[name] for name, count in sampler.spent().items()}
        yield Step(
            number=number,
            groups=groups,
            admitted=admitted,
            share=share,
            updates=updates,
            rate=rate,
            seconds=clock.laps,
            spent=spent,
            told=told,
        )
