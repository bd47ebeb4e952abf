"""A constant group size."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupSize, GroupSizer, Now, SamplingSetup
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(GroupSize):
    """The same number of rollouts for every task; in a tree, the number of its first plays."""

    rollouts: int = 16

    def __post_init__(self) -> None:
        if self.rollouts < 1:
            raise UsageError(f"sampling.size.rollouts is {self.rollouts}; give 1 or more")

    @property
    def always(self) -> int:
        return self.rollouts

    def open(self, setup: SamplingSetup) -> "FixedSizer":
        del setup
        return FixedSizer(self.rollouts)


@dataclass(frozen=True, slots=True)
class FixedSizer(GroupSizer):
    """The same number always."""

    rollouts: int

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        return [self.rollouts] * len(tasks)
