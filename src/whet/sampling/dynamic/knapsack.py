"""Knapsack-RL: the rollouts of a step go to the tasks where they are worth most."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from typing import ClassVar

from whet.protocols import GroupSize, SamplingSetup
from whet.sampling.difficulty import SuccessRates
from whet.sampling.dynamic.task_sizes import TaskSizer
from whet.types import UsageError


def value(rollouts: int, p: float) -> float:
    """v(N, p) = (1 − p^N − (1 − p)^N) · p (1 − p)²: P(mixed group) times the information gain."""
    return (1 - p**rollouts - (1 - p) ** rollouts) * p * (1 - p) ** 2


def gain(rollouts: int, p: float) -> float:
    """v(N + 1, p) − v(N, p) = (p^N (1 − p) + (1 − p)^N p) · p (1 − p)², which falls with N."""
    return (p**rollouts * (1 - p) + (1 - p) ** rollouts * p) * p * (1 - p) ** 2


def allocated(chances: Sequence[float], budget: int, least: int, largest: int) -> list[int]:
    """The sizes in [least, largest] that maximise Σ v(N_i, p_i) subject to Σ N_i = budget.

    v is concave in N, so the largest gain first is optimal. Of equal gains the first task's counts.
    """
    sizes = [least] * len(chances)
    heap = [(-gain(least, p), i) for i, p in enumerate(chances)] if largest > least else []
    heapify(heap)
    for _ in range(min(budget, largest * len(chances)) - least * len(chances)):
        _, i = heap[0]
        sizes[i] += 1
        worth = gain(sizes[i], chances[i]) if sizes[i] < largest else -1.0
        heapreplace(heap, (-worth, i))
    return sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Knapsack(GroupSize):
    """`rollouts` per task on average, shared out by what they are worth.

        max Σ_i v(N_i, p̂_i)   s.t.  Σ_i N_i = rollouts · tasks,  least ≤ N_i ≤ largest
        v(N, p) = (1 − p^N − (1 − p)^N) · p (1 − p)²

    p̂ is the mean of a Beta posterior of the task's earlier visits, with forgetting `remember`; a
    new task has p̂ = 1/2. All tasks that are launched together share one budget.

    Source: Knapsack-RL (arXiv:2509.25849; the abstract read, its value and bounds 2 and 128 from a
    secondary source). There p̂ is that of the previous epoch; its rule for budgets of tasks without
    any success is not built, because a Beta posterior is never 0.

    Cost: none beyond that of a fixed size. Groups of different sizes leave generator slots idle
    where the largest one ends last.

    Failure mode: p̂ is as old as the task's last visit, and tasks that come once have p̂ = 1/2, so
    with a corpus without end all sizes are equal. A few hard tasks may take most of a step.
    """

    remembers: ClassVar[bool] = True

    rollouts: int = 16  # mean per task
    least: int = 2
    largest: int = 128
    remember: float = 0.9  # forgetting of earlier visits, per visit

    def __post_init__(self) -> None:
        if self.least < 1:
            raise UsageError(f"sampling.size.least is {self.least}; give 1 or more")
        if not self.least <= self.rollouts <= self.largest:
            raise UsageError(
                f"sampling.size.rollouts is {self.rollouts}; give a mean from "
                f"sampling.size.least, {self.least}, to sampling.size.largest, {self.largest}"
            )
        if not 0 <= self.remember <= 1:
            raise UsageError(f"sampling.size.remember is {self.remember}; give a number in [0, 1]")

    def most_plays(self, tasks: int) -> int:
        return tasks * self.rollouts

    def open(self, setup: SamplingSetup) -> "KnapsackSizer":
        del setup
        return KnapsackSizer(rates=SuccessRates(keep=self.remember), settings=self)


@dataclass(slots=True, kw_only=True)
class KnapsackSizer(TaskSizer):
    """The state is the success rate of every visited task."""

    settings: Knapsack

    def sizes(self, chances: Sequence[float]) -> list[int]:
        own = self.settings
        return allocated(chances, own.rollouts * len(chances), own.least, own.largest)
