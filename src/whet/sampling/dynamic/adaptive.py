"""Group sizes large enough to see both outcomes of a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import ClassVar

from whet.protocols import GroupSize, SamplingSetup
from whet.sampling.difficulty import SuccessRates
from whet.sampling.dynamic.task_sizes import TaskSizer
from whet.types import UsageError

_ROUNDING = 1e-9  # so that a quotient that is a whole number is not rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive(GroupSize):
    """The least size at which the rarer outcome is missing with probability δ or less.

        G(p̂) = clip(⌈log δ / log(1 − min(p̂, 1 − p̂))⌉, least, largest)

    δ = 0.1 gives 4 at p̂ = 0.5, 22 at 0.1, and 45 at 0.05. p̂ is the mean of a Beta posterior of the
    task's earlier visits, with forgetting `remember`; a new task has p̂ = 1/2.

    Source: ours, after the probability of a mixed group, 1 − p^G − (1 − p)^G. δ and the bounds are
    ours.

    Cost: rollouts per step vary, up to `largest` per task. `Knapsack` keeps them constant.

    Failure mode: tasks that the policy always or never solves get the largest groups, and these
    hardly ever have a gradient; a small `largest`, or a prompt order that leaves them out, limits
    the waste. Tasks that come once have p̂ = 1/2.
    """

    remembers: ClassVar[bool] = True

    delta: float = 0.1
    least: int = 4
    largest: int = 32
    remember: float = 0.9  # forgetting of earlier visits, per visit

    def __post_init__(self) -> None:
        if not 0 < self.delta < 1:
            raise UsageError(f"sampling.size.delta is {self.delta}; give a number between 0 and 1")
        if self.least < 1:
            raise UsageError(f"sampling.size.least is {self.least}; give 1 or more")
        if self.largest < self.least:
            raise UsageError(
                f"sampling.size.largest is {self.largest}; give sampling.size.least, {self.least}, "
                "or more"
            )
        if not 0 <= self.remember <= 1:
            raise UsageError(f"sampling.size.remember is {self.remember}; give a number in [0, 1]")

    def size(self, chance: float) -> int:
        """The group size G(p̂) of a task with this success rate."""
        rare = min(chance, 1 - chance)
        found = ceil(log(self.delta) / log(1 - rare) - _ROUNDING) if rare > 0 else self.largest
        return min(max(found, self.least), self.largest)

    def most_plays(self, tasks: int) -> int:
        return tasks * self.largest

    def open(self, setup: SamplingSetup) -> "AdaptiveSizer":
        del setup
        return AdaptiveSizer(rates=SuccessRates(keep=self.remember), settings=self)


@dataclass(slots=True, kw_only=True)
class AdaptiveSizer(TaskSizer):
    """The state is the success rate of every visited task."""

    settings: Adaptive

    def sizes(self, chances: Sequence[float]) -> list[int]:
        return [self.settings.size(chance) for chance in chances]
