"""A constant group size."""

from dataclasses import dataclass

from whet.protocols import GroupSize
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(GroupSize):
    """The same number of rollouts for every task."""

    rollouts: int = 16

    def __post_init__(self) -> None:
        if self.rollouts < 1:
            raise UsageError(f"sampling.size.rollouts is {self.rollouts}; give 1 or more")

    @property
    def always(self) -> int:
        return self.rollouts

    def __call__(self, task: Task) -> int:
        del task
        return self.rollouts
