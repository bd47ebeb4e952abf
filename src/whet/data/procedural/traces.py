"""Replies of the form `8;16;9;#9`: intermediate states of a computation, then its result."""

from collections.abc import Iterator
from random import Random
from typing import Protocol, runtime_checkable

from whet.data.procedural.spelling import entries
from whet.types import Step, Task


@runtime_checkable
class Machine(Protocol):
    """An immutable state of a computation."""

    def show(self) -> str:
        """The text that a trace has for this state."""
        ...

    def advance(self) -> "Machine | None":
        """The state after the next operation; None at the end."""
        ...

    def believe(self, shown: str) -> "Machine":
        """The state corrected to what was shown; unchanged if the text is not a valid state."""
        ...


@runtime_checkable
class Traced(Protocol):
    """A family whose replies are traces of a computation, each line of which can be believed."""

    def begun(self, task: Task) -> Machine:
        """The state before the first operation."""
        ...


def written(start: Machine, rng: Random, keep: float) -> str:
    """A trace and its result; each line of the trace is written down with probability `keep`."""
    states = list(future(start))
    lines = [state.show() for state in states if rng.random() < keep]
    return ";".join([*lines, f"#{states[-1].show()}"])


def followed(start: Machine, reply: str) -> tuple[Step, ...]:
    """Check that each line follows from the one written before it.

    It does if one or more operations lead there: steps may be left out. If several states show the
    same text, all are tracked. After a wrong line the computation continues from what was written.
    A result, `#…`, is correct if the remaining operations lead there.
    """
    steps: list[Step] = []
    minds: tuple[Machine, ...] = (start,)
    for start_at, end_at, said in entries(reply):
        if "#" in said:
            correct = any(_last(mind).show() == said.rpartition("#")[2] for mind in minds)
            minds = ()
        else:
            meant = {state for mind in minds for state in future(mind) if state.show() == said}
            correct = bool(meant)
            minds = tuple(meant) or _corrected(minds, said)
        steps.append(Step(start=start_at, end=end_at, correct=correct))
    return tuple(steps)


def future(state: Machine) -> Iterator[Machine]:
    """The states after each further operation, in order."""
    following = state.advance()
    while following is not None:
        yield following
        following = following.advance()


def _last(state: Machine) -> Machine:
    for following in future(state):
        state = following
    return state


def _corrected(minds: tuple[Machine, ...], said: str) -> tuple[Machine, ...]:
    """The states after one operation, corrected to the text; finished states stay."""
    return tuple((mind.advance() or mind).believe(said) for mind in minds)
