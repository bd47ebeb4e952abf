"""Traces with one wrong line: chains of thought of which the first wrong step is known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from inspect import getdoc
from itertools import count
from random import Random
from sys import modules

from whet.data.procedural.traces import Machine, Traced, future
from whet.protocols import Family
from whet.types import Task, UsageError

_DIGIT = re.compile("[0-9]")
_PATIENCE = 1000  # draws of a wrong line


class Mistake(StrEnum):
    """What is wrong in a chain."""

    NONE = "none"
    ALONE = "alone"  # one line; the others, and the answer, are those of the right chain
    PROPAGATED = "propagated"  # one line, and all others follow from it, the answer too


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChain:
    """A reply to a task of which it is known whether its chain is right."""

    task: Task
    chain: str
    mistake: Mistake = Mistake.NONE
    bad_step: int | None = None  # the wrong line, from 1

    @property
    def right(self) -> bool:
        """Whether no line is wrong."""
        return self.mistake is Mistake.NONE


def labelled_chains(family: Family, pairs: int = 100, seed: int = 0) -> tuple[TrialChain, ...]:
    """`pairs` right chains and as many with one wrong line, each of a task of its own, in turn.

    The wrong line differs from the right one in a digit.  In every second wrong chain the mistake
    stands alone: its answer is right, which a judge that looks at the answer misses.  In the others
    it is propagated to the end.  Levels go round; the last line before the answer stays right.

    Raises `UsageError` for fewer than one pair, and for a family whose replies are no traces.
    """
    if pairs < 1:
        raise UsageError(f"pairs is {pairs}; give 1 or more, 100 for error rates within 0.1")
    if not isinstance(family, Traced) or not isinstance(family, Family):
        name = type(family).__name__.lower()
        raise UsageError(
            f"family {name!r} writes no traces with a state after each line; give chain, stack or "
            "lists"
        )
    rng, tasks = Random(f"mistakes/{seed}"), _tasks(family, seed)
    wrong = (_alone, _propagated)
    found: list[TrialChain] = []
    for place in range(pairs):
        task = next(tasks)
        found.append(TrialChain(task=task, chain=family.worked(task, rng, 1.0)))
        found.append(wrong[place % 2](family, next(tasks), rng))
    return tuple(found)


def rules_of(family: object) -> str:
    """The rules of a family's tasks and replies, in the words of its documentation."""
    module = modules[type(family).__module__].__doc__ or ""
    worked = getdoc(getattr(family, "worked", None)) or ""
    return "\n\n".join(filter(None, (module.strip(), getdoc(type(family)), worked)))


def _tasks(family: Family, seed: int) -> Iterator[Task]:
    """Different tasks without an end, going round the levels."""
    low, high = getattr(family, "levels", (1, 1))
    rng, seen = Random(f"tasks of mistakes/{seed}"), set[str]()
    for place in count():
        yield _unseen(family, rng, low + place % (high - low + 1), seen)


def _unseen(family: Family, rng: Random, level: int, seen: set[str]) -> Task:
    for _ in range(_PATIENCE):
        task = family.draw(rng, level)
        if (canonical := family.canonical(task)) not in seen:
            seen.add(canonical)
            return task
    raise UsageError(f"pairs is too large: level {level} has no other task; give fewer")


def _alone(family: Traced, task: Task, rng: Random) -> TrialChain:
    states = list(future(family.begun(task)))
    place, wrong = _mistaken(states, rng)
    lines = [state.show() for state in states]
    lines[place] = wrong.show()
    return _labelled(task, lines, states[-1], Mistake.ALONE, place)


def _propagated(family: Traced, task: Task, rng: Random) -> TrialChain:
    states = list(future(family.begun(task)))
    place, wrong = _mistaken(states, rng)
    after = [wrong, *future(wrong)]
    lines = [state.show() for state in (*states[:place], *after)]
    return _labelled(task, lines, after[-1], Mistake.PROPAGATED, place)


def _labelled(
    task: Task, lines: list[str], last: Machine, mistake: Mistake, place: int
) -> TrialChain:
    chain = ";".join([*lines, f"#{last.show()}"])
    return TrialChain(task=task, chain=chain, mistake=mistake, bad_step=place + 1)


def _mistaken(states: list[Machine], rng: Random) -> tuple[int, Machine]:
    """A place before the last one, and the state there with another digit.

    The new text is that of no later state, so that no lines were left out before it.
    """
    for _ in range(_PATIENCE):
        place = rng.randrange(max(len(states) - 1, 1))
        right = states[place].show()
        digits = [match.start() for match in _DIGIT.finditer(right)]
        if not digits:
            continue
        at = rng.choice(digits)
        text = f"{right[:at]}{rng.choice('0123456789')}{right[at + 1 :]}"
        wrong = states[place].believe(text)
        if wrong.show() == text and all(text != state.show() for state in states[place:]):
            return place, wrong
    raise UsageError(f"no digit of {states[0].show()!r:.40} … can be wrong; give another family")
