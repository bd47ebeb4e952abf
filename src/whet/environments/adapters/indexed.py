"""Tasks that a foreign environment holds, by their place."""

from random import Random
from typing import Any

from whet.environments.adapters.foreign.pool import Foreign
from whet.types import Task, UsageError

_ENDLESS = 2**31  # places of an environment whose tasks can't be counted


def drawn_task(foreign: Foreign, rng: Random, turns: int, *given: Any) -> Task:
    """A random task.  Raises `UsageError` where there is none."""
    size = foreign.ask("size", *given)
    if size == 0:
        raise UsageError(f"environment.make {foreign.make!r} has no tasks; give another one")
    return task_at(foreign, rng.randrange(size or _ENDLESS), turns, *given)


def task_at(foreign: Foreign, index: int, turns: int, *given: Any) -> Task:
    """The task at a place."""
    told = foreign.ask("task", index, *given)
    info = {"world": foreign.make, "index": index, "turns": turns}
    name = told["name"] or f"{foreign.make}/{index}"
    return Task(id=name, prompt=tuple(told["prompt"]), info=info)


def index_of(task: Task) -> int:
    """The place of a task.  Raises `UsageError` for a task of another environment."""
    index = task.info.get("index")
    if not isinstance(index, int):
        raise UsageError(
            f"task {task.id!r} has no number `index` in its info; take the tasks of "
            "Problems(family=…)"
        )
    return index
