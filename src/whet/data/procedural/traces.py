"""Replies of the form `8;16;9;#9`: what a computation shows on its way, then its result."""

import re
from collections.abc import Iterator
from random import Random
from typing import Protocol, runtime_checkable

from whet.types import Step

_ENTRY = re.compile(r"[^;]+")


@runtime_checkable
class Machine(Protocol):
    """A computation in the middle of its work.  A value: to go on is to be another one."""

    def show(self) -> str:
        """What one writes down of it."""
        ...

    def advance(self) -> "Machine | None":
        """It after its next operation; None at the end."""
        ...

    def believe(self, shown: str) -> "Machine":
        """It, had it shown this; unchanged where this makes no sense."""
        ...


def written(start: Machine, dice: Random, keep: float) -> str:
    """The trace and the result, each line of the trace written down with probability `keep`."""
    states = list(_future(start))
    lines = [state.show() for state in states if dice.random() < keep]
    return ";".join([*lines, f"#{states[-1].show()}"])


def followed(start: Machine, reply: str) -> tuple[Step, ...]:
    """Does each line follow from the one written before it?

    It does if one or more further operations lead there: steps may be left out.  Where that can
    be understood in several ways, all are kept in mind.  After a wrong line the computation goes
    on from what was written.  A result, `#…`, follows if all that is left to do leads there.
    """
    steps: list[Step] = []
    minds: tuple[Machine, ...] = (start,)
    for entry in _ENTRY.finditer(reply):
        said = entry[0]
        if said.startswith("#"):
            correct = any(_last(mind).show() == said[1:] for mind in minds)
            minds = ()
        else:
            meant = {state for mind in minds for state in _future(mind) if state.show() == said}
            correct = bool(meant)
            minds = tuple(meant) or _corrected(minds, said)
        steps.append(Step(start=entry.start(), end=entry.end(), correct=correct))
    return tuple(steps)


def _future(state: Machine) -> Iterator[Machine]:
    following = state.advance()
    while following is not None:
        yield following
        following = following.advance()


def _last(state: Machine) -> Machine:
    for following in _future(state):
        state = following
    return state


def _corrected(minds: tuple[Machine, ...], said: str) -> tuple[Machine, ...]:
    """One operation on, showing what was said; who has nothing left to do stays."""
    return tuple((mind.advance() or mind).believe(said) for mind in minds)
