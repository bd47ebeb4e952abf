"""The loop, on one screen.

schedule → play → judge → believe → gate → assemble → learn → sync → prove; the caller keeps the
ledger.  It is handed a sampler and a learner and knows neither devices nor processes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from random import Random

from whet.protocols import Learner, Sampler, Update
from whet.rewards.judging import judge
from whet.training import trust
from whet.training.assemble import Share, assemble, minibatches
from whet.training.clock import Clock
from whet.training.run import Run
from whet.types import Group, Request


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


async def train(run: Run, sampler: Sampler, learner: Learner, start: int) -> AsyncIterator[Step]:
    """Take the steps of a run from `start` on, one by one."""

    async def play(request: Request) -> Group:
        return await sampler.play(run.environment, request)

    async def episode(request: Request) -> Group:
        return await judge(await play(request), run.reward, play)

    for number in range(start, run.steps):
        clock = Clock()
        before = dict(sampler.spent())
        plan = list(run.schedule(run.corpus, number, run.seed))
        groups = tuple(await asyncio.gather(*map(episode, plan)))
        clock.lap("play")

        everyone = [rollout for group in groups for rollout in group]
        trust.whole(everyone)
        trust.same_policy(everyone, learner.digest())
        trust.judged(groups, run.limits)

        admitted = tuple(run.gate(group) for group in groups)
        kept = [group for group, good in zip(groups, admitted, strict=True) if good]
        share = assemble(kept, run.objective, learner)
        deals = minibatches(share, run.minibatches, Random(f"{run.seed}/{number}"))
        rate = run.optimiser.rate_at(number, run.steps)
        updates = tuple(learner.step(run.objective, *deal, rate) for deal in deals)
        trust.near(updates[0], deals[0][0], run.limits)
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
        )
