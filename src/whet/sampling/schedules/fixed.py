"""The plainest group size: the same for every task."""

from dataclasses import dataclass

from whet.protocols import GroupSize
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(GroupSize):
    """So many rollouts of every task."""

    rollouts: int = 16

    def __post_init__(self) -> None:
        """Refuse groups of nothing."""
        if self.rollouts < 1:
            raise UsageError(f"sampling.size.rollouts is {self.rollouts}; give 1 or more")

    @property
    def always(self) -> int:
        """The size itself."""
        return self.rollouts

    def __call__(self, task: Task) -> int:
        del task
        return self.rollouts
