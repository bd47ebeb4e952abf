"""A pool of tasks with known success rates, and visits to them."""

from functools import cache
from random import Random

from recorded import recorded

from whet.protocols import Corpus, Now, SamplingSetup
from whet.types import Group, Task, Verdict


class FinitePool(Corpus):
    """Task i of n."""

    def __init__(self, tasks):
        self.tasks = tasks

    def task(self, split, index):
        return Task(id=str(index % self.tasks), prompt=f"{split} {index % self.tasks}?")

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(min(count, self.tasks))]

    def size(self, split):
        return self.tasks


class EndlessPool(FinitePool):
    """Task i, and no end."""

    def __init__(self):
        super().__init__(1 << 62)

    def size(self, split):
        return None


def setup(corpus, seed=0, steps=100):
    return SamplingSetup(corpus=corpus, seed=seed, steps=steps)


def now(step, round_=0):
    return Now(step=step, steps=100, version=step, metrics={}, round=round_)


@cache
def rollout(right, seed):
    verdict = Verdict.unjudged("away") if right is None else Verdict.binary(correct=right)
    return recorded(
        task=Task(id="", prompt=""),
        seed=seed,
        tokens=(1, 2),
        chosen=(False, True),
        behaviour_logp=(-1.0,),
        verdict=verdict,
    )


@cache
def group(right, wrong, faults=0):
    """A group of so many rollouts; of which task, `visited` says."""
    results = [True] * right + [False] * wrong + [None] * faults
    return Group.of([rollout(result, seed) for seed, result in enumerate(results)])


def visit(source, task, right, wrong, faults=0):
    source.visited(task, [group(right, wrong, faults)])


def played(source, step, count, rate, *, rollouts=8, rng):
    """One step of a source: `count` tasks with `rate(task)`. Returns them and their groups."""
    tasks = source.next(count, now(step))
    rights = [sum(rng.random() < rate(task) for _ in range(rollouts)) for task in tasks]
    for task, right in zip(tasks, rights, strict=True):
        visit(source, task, right, rollouts - right)
    return tasks, rights, source.step_ended(now(step))


def rng(*place):
    return Random(repr(place))
