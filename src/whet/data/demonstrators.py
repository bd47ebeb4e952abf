"""Demonstrators: sources of a correct reply to a given task."""

from dataclasses import dataclass
from random import Random

from whet.protocols import Family
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class FromFamily:
    """Demonstrations from a procedural family, with all steps written down."""

    family: Family

    def demonstrate(self, task: Task) -> str:
        """The full solution of the task."""
        return self.family.worked(task, Random(f"shown {task.id}"), keep=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FromColumn:
    """Demonstrations from the data: the text in `info[column]` of a task."""

    column: str = "demonstration"

    def demonstrate(self, task: Task) -> str | None:
        """The text of the column; None if the task has none."""
        found = task.info.get(self.column)
        return str(found) if found else None
