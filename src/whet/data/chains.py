"""The exact check of a chain of thought, by a family of tasks that recomputes every step."""

from random import Random

from whet.protocols import Family
from whet.types import Task

_TRIVIAL = 1  # the highest level at which a reply may leave out its chain


def chain_correct(family: object, task: Task, reply: str) -> bool | None:
    """Whether all steps of a reply's chain are correct; None if the family checks no steps.

    A reply that states only its answer may be right by luck.  It has no more steps than the bare
    answer of the family (`worked` with `keep` 0), and its chain is correct at level 1 alone.
    Without a level in `task.info` it is not known.
    """
    if not isinstance(family, Family):
        return None
    steps = family.steps(task, reply)
    if not all(step.correct for step in steps):
        return False
    bare = family.steps(task, family.worked(task, Random(0), 0.0))
    return True if len(steps) > len(bare) else _without_steps(task.info.get("level"))


def _without_steps(level: int | None) -> bool | None:
    return None if level is None else level <= _TRIVIAL
