"""A player by hand: a task with success rate p (in its info) is solved with that probability."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from recorded import recorded

from whet.protocols import Corpus, Now, SamplingSetup
from whet.rollouts.buffer import Buffer, StepGroups
from whet.types import Group, Task, Ticket, Verdict


@dataclass(frozen=True)
class Rates(Corpus):
    """Tasks whose success rates take turns."""

    rates: tuple[float, ...] = (0.01, 0.5, 0.99)
    tasks: int | None = None

    def task(self, split, index):
        index = index if self.tasks is None else index % self.tasks
        return Task(
            id=f"{split}-{index}", prompt="?", info={"p": self.rates[index % len(self.rates)]}
        )

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]

    def size(self, split):
        return self.tasks


@dataclass
class Simulated:
    """Plays tickets, and keeps what was launched and how many rollouts that took."""

    rounds: list[list[tuple[int, int]]] = field(default_factory=list)
    launched: list[list[Ticket]] = field(default_factory=list)
    rollouts: int = 0

    async def play(self, tickets):
        self.launched.append(list(tickets))
        self.rounds.append([ticket.key for ticket in tickets])
        return [(ticket, self.groups(ticket)) for ticket in tickets]

    def groups(self, ticket) -> tuple[Group, ...]:
        members = [self.rollout(ticket.request.task, play) for play in ticket.request.plays]
        self.rollouts += len(members)
        return (Group.of(members).numbered(ticket.number),)

    def rollout(self, task, play):
        return simulated(task, play.seed)


def simulated(task, seed, **more):
    """A rollout of one token, right with the task's probability; equal seeds have equal results."""
    right = Random(repr((task.id, seed))).random() < task.info["p"]
    known = {"verdict": Verdict.binary(correct=right), "id": f"{task.id}/{seed}"} | more
    return recorded(
        task=task, seed=seed, tokens=(1, 2), chosen=(False, True), behaviour_logp=(-1.0,), **known
    )


def opened(sampling, corpus=None, seed=0):
    """The strategy of a run of 100 steps."""
    setup = SamplingSetup(corpus=corpus or Rates(), seed=seed, steps=100)
    return sampling.open(setup)


def taken(sampling, player=None, strategy=None, step=0) -> StepGroups:
    """One step of a buffer."""
    strategy = strategy or opened(sampling)
    now = Now(step=step, steps=100, version=step, metrics={})
    buffer = Buffer(sampling, strategy)
    return asyncio.run(buffer.take(now, (player or Simulated()).play))
