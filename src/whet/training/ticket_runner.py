"""The rounds of one step: tickets in, judged and checked groups out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.policy.extensions.together import Extensions
from whet.protocols import Algorithm, StepContext, Update
from whet.rewards.judging.queue import JudgingQueue
from whet.rollouts.batching import build_batch
from whet.rollouts.buffer import Landed
from whet.rollouts.checks import TrustLimits, check_rollouts
from whet.rollouts.correctness import check_correctness
from whet.rollouts.delivered import Delivered
from whet.rollouts.runner import CheckedRunner, RolloutRunner
from whet.sampling.rounds import TicketGroups
from whet.training.run import Run
from whet.types import Group, Task, Ticket, Version
from whet.types.weights import Drain, Weights

if TYPE_CHECKING:
    from whet.training.loop import LiveRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRunner:
    """Plays the tickets of one step, with the context that extensions get."""

    runner: RolloutRunner
    extensions: Extensions
    context: StepContext
    version: Version
    limits: TrustLimits
    launched: list[Task]  # tasks played in this step so far
    landed: TicketGroups  # without extensions' changes
    delivered: Delivered
    tickets: int  # per step
    queues: dict[int, JudgingQueue]  # of the tickets of each step

    @classmethod
    def of(cls, run: Run, live: "LiveRun", number: int) -> "TicketRunner":
        """The rounds of step `number`."""
        queues = {number: JudgingQueue(run.judging, live.canaries)}
        runner = CheckedRunner(live.player, run.reward, number, queues[number])
        launched: list[Task] = []
        return cls(
            runner=runner,
            extensions=live.extensions,
            context=step_context(run, live, runner, launched),
            launched=launched,
            version=live.delivered.note(live.player.held()),
            limits=replace(run.limits, faults=1.0) if run.lag.staleness else run.limits,
            landed=live.buffer.landed,
            delivered=live.delivered,
            tickets=run.sampling.tickets,
            queues=queues,
        )

    async def play(self, tickets: Sequence[Ticket]) -> list[Landed]:
        """Play all tickets concurrently; extensions get them in the order of their numbers.

        Where tickets are played one by one, the limit on faults is that of the loop, for a step.
        """
        runner = self._runner(tickets)
        self.launched.extend(ticket.request.task for ticket in tickets)
        requests = [await self.extensions.before_rollout(self.context, t) for t in tickets]
        played = await asyncio.gather(*map(runner.rollouts, requests))
        await runner.check_judge()
        everything = [group for groups in played for group in groups]
        check_rollouts(everything, self.delivered.since(self.version), self.limits)
        check_correctness(self.context.objective, everything)
        landed = [
            (ticket, tuple(group.numbered(ticket.number) for group in groups))
            for ticket, groups in zip(tickets, played, strict=True)
        ]
        changed = await self.extensions.after_rollout(self.context, landed)
        await runner.check_judge()  # of what extensions had judged
        for ticket, groups in _sampled(landed, changed):
            self.landed.add(ticket, groups)
        return list(zip(tickets, changed, strict=True))

    def _runner(self, tickets: Sequence[Ticket]) -> RolloutRunner:
        """The runner with the judging queue of the step that the tickets are for."""
        config, canaries = self.runner.queue.config, self.runner.queue.canaries
        step = tickets[0].number // self.tickets
        queue = self.queues.setdefault(step, JudgingQueue(config, canaries))
        return replace(self.runner, queue=queue)


def _sampled(landed: Sequence[Landed], changed: Sequence[Sequence[Group]]) -> list[Landed]:
    """The groups as they landed, with the verdicts that extensions gave their rollouts."""
    final = {r.id: r for groups in changed for group in groups for r in group}
    return [
        (
            ticket,
            tuple(
                replace(group, rollouts=tuple(final.get(r.id, r) for r in group))
                for group in groups
            ),
        )
        for ticket, groups in landed
    ]


def step_context(
    run: Run, live: "LiveRun", runner: RolloutRunner, launched: Sequence[Task] = ()
) -> StepContext:
    """The context that extensions get in one step."""

    async def learn(groups: Sequence[Group], algorithm: Algorithm, lr: float) -> Update:
        batch, _ = await build_batch(groups, algorithm, live.learner)
        return await live.learner.step(algorithm, batch, lr)

    async def deliver(weights: Weights) -> Version:
        return await live.player.update(weights, Drain())

    def upcoming(steps: int) -> list[Task]:
        later = live.buffer.strategy.peek((steps - 1) * run.sampling.tickets)
        return [*launched, *later]

    def demonstrate(task: Task) -> str | None:
        return None if run.demonstrator is None else run.demonstrator.demonstrate(task)

    return StepContext(
        step=runner.step,
        steps=run.steps,
        seed=run.seed,
        tickets=run.sampling.tickets,
        minibatches=run.minibatches,
        lr=run.optimizer.lr_at(runner.step, run.steps),
        optimizer=run.optimizer,
        objective=run.objective,
        decoding=run.decoding,
        learner=live.learner,
        folder=live.folder,
        play=runner.rollout,
        judge=runner.score,
        render=live.player.renderer.demonstration,
        demonstrate=demonstrate,
        upcoming=upcoming,
        learn=learn,
        deliver=deliver,
        version=live.player.held(),
    )
