"""The exact check of a chain of thought, by a family of tasks that recomputes every step."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from whet.types import Step, Task

_TRIVIAL = 1  # the highest level at which a reply may leave out its chain
_RESULT = "#"  # what begins the last entry of a trace, which is the answer and no step of the chain


@runtime_checkable
class StepChecker(Protocol):
    """A family of tasks that finds and checks the steps of a reply (`whet.protocols.Family`)."""

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Every step that is written, and whether it follows."""
        ...


def chain_correct(family: object, task: Task, reply: str) -> bool | None:
    """Whether all steps of a reply's chain are correct; None if the family checks no steps.

    A reply that only states its answer may be right by luck.  Its chain is correct on a task of
    level 1 alone: above, a chain without any checkable step is not correct.  Without a level in
    `task.info` it is not known.
    """
    if not isinstance(family, StepChecker):
        return None
    steps = family.steps(task, reply)
    if not all(step.correct for step in steps):
        return False
    return True if _written(steps, reply) else _without_steps(task.info.get("level"))


def _written(steps: Sequence[Step], reply: str) -> bool:
    return any(not reply.startswith(_RESULT, step.start) for step in steps)


def _without_steps(level: int | None) -> bool | None:
    return None if level is None else level <= _TRIVIAL
