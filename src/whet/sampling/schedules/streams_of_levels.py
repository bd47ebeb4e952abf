"""The training tasks of each level or category in turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from whet.protocols import SamplingSetup
from whet.sampling.schedules.uniform import TaskStream
from whet.types import Task, UsageError

_LOOKED_AT = 256  # tasks of an endless corpus whose levels are known before the first step
_SEARCHED = 10_000  # tasks of an endless corpus, before a level counts as one that never comes


def value_of(task: Task, key: str) -> Any:
    """What a task has under `key`; raises `UsageError` if it has nothing of that name."""
    if key not in task.info:
        known = ", ".join(sorted(task.info)) or "nothing"
        raise UsageError(
            f"sampling.prompts.key is {key!r}, but task {task.id!r} has no info of that name; it "
            f"has {known}"
        )
    return task.info[key]


def number_of(task: Task, key: str) -> float:
    """The number that a task has under `key`; raises `UsageError` for anything else."""
    value = value_of(task, key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise UsageError(
            f"sampling.prompts.key is {key!r}, which is {value!r} in task {task.id!r}; give the "
            "key of a number"
        )
    return value


def first_tasks(stream: TaskStream) -> Iterator[Task]:
    """The first tasks of a stream: all of a corpus with an end, up to a bound."""
    size = stream.corpus.size("train")
    count = _LOOKED_AT if size is None else min(size, _SEARCHED)
    return (stream.task(i) for i in range(count))


def level_of(task: Task, key: str) -> str:
    """The level or category of a task, as text."""
    return str(value_of(task, key))


@dataclass(slots=True)
class LevelStreams:
    """One position in the stream of tasks per level.

    The next task of a level is the first one of that level behind its position, so every level
    goes through its own tasks in turn, whatever the others do. The positions are the whole state.
    """

    stream: TaskStream
    key: str
    levels: tuple[str, ...]  # the easiest first
    positions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, setup: SamplingSetup, per_step: int, key: str, levels: Sequence[str]
    ) -> "LevelStreams":
        """Streams of these levels; without any, of those among the first tasks, by number.

        Raises `UsageError` for fewer than two levels, and for texts without a given order.
        """
        stream = TaskStream.of(setup, per_step)
        known = tuple(map(str, levels)) or _ordered(stream, key)
        if len(set(known)) < len(known):
            raise UsageError(
                f"sampling.prompts.levels is {', '.join(known)}; give every level once"
            )
        if len(known) < 2:  # noqa: PLR2004
            raise UsageError(
                f"sampling.prompts.key is {key!r}, and all tasks have {', '.join(known)}, so there "
                "is nothing to choose from; give another key, or --sampling.prompts uniform"
            )
        return cls(stream, key, known, dict.fromkeys(known, 0))

    def take(self, level: str) -> Task:
        """The next task of a level; raises `UsageError` for one that never comes."""
        start = self.positions[level]
        size = self.stream.corpus.size("train")
        most = _SEARCHED if size is None else 2 * size  # any two epochs in a row have every task
        for position in range(start, start + most):
            task = self.stream.task(position)
            if level_of(task, self.key) == level:
                self.positions[level] = position + 1
                return task
        raise UsageError(
            f"sampling.prompts wants a task of {self.key} {level}, but {most} tasks in a row have "
            f"another one; give sampling.prompts.levels without {level}"
        )

    def state_dict(self) -> dict[str, Any]:
        """The positions by level."""
        return {"positions": dict(self.positions)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the positions; a level that is new begins at the start of the stream."""
        self.positions = dict.fromkeys(self.levels, 0) | dict(state["positions"])


def _ordered(stream: TaskStream, key: str) -> tuple[str, ...]:
    levels = {level_of(task, key) for task in first_tasks(stream)}
    try:
        return tuple(sorted(levels, key=float))
    except ValueError:
        raise UsageError(
            f"sampling.prompts.levels is none, and {key} is no number: it is "
            f"{', '.join(sorted(levels)[:5])}; give sampling.prompts.levels, the easiest first"
        ) from None
