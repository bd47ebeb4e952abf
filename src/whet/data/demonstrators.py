"""Who can show how a given task is done."""

from dataclasses import dataclass
from random import Random

from whet.protocols import Family
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFamily:
    """The full working of any task of a family."""

    family: Family

    def demonstrate(self, task: Task) -> str:
        """Every step written down."""
        return self.family.worked(task, Random(f"shown {task.id}"), keep=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FromColumn:
    """The reply that a task brings with it, in `info[column]`."""

    column: str = "demonstration"

    def demonstrate(self, task: Task) -> str | None:
        """That text; None where the task has none."""
        found = task.info.get(self.column)
        return str(found) if found else None
