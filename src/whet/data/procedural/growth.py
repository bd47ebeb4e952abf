"""Replies of the form `1 2;1 2 1;#1 2 1`: prefixes of an answer, then the answer."""

import re
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from whet.types import Step

_ENTRY = re.compile(r"[^;]+")


@runtime_checkable
class Puzzle(Protocol):
    """A puzzle with answers of several moves, separated by spaces."""

    def leads(self, moves: tuple[str, ...]) -> bool:
        """True if some answer starts with these moves."""
        ...

    def solved(self, moves: tuple[str, ...]) -> bool:
        """True if these moves are an answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A puzzle with a list of all its answers."""

    answers: tuple[tuple[str, ...], ...]

    def leads(self, moves: tuple[str, ...]) -> bool:
        return any(answer[: len(moves)] == moves for answer in self.answers)

    def solved(self, moves: tuple[str, ...]) -> bool:
        return moves in self.answers


def grown(answer: str, rng: Random, keep: float) -> str:
    """Prefixes of an answer, each written down with probability `keep`, then the whole answer."""
    moves = answer.split(" ")
    lines = [" ".join(moves[: place + 1]) for place in range(len(moves))]
    return ";".join([*(line for line in lines if rng.random() < keep), f"#{answer}"])


def followed(puzzle: Puzzle, reply: str) -> tuple[Step, ...]:
    """Check that each line extends the last correct one towards an answer.

    Lines may be left out. A wrong line is skipped: the next line, or the result, must extend the
    last correct one. Every line after the result is wrong.
    """
    steps: list[Step] = []
    last: tuple[str, ...] = ()
    over = False
    for entry in _ENTRY.finditer(reply):
        result = entry[0].startswith("#")
        moves = tuple(entry[0].removeprefix("#").split(" "))
        goes_on = not over and moves[: len(last)] == last
        if result:
            correct, over = goes_on and puzzle.solved(moves), True
        else:
            correct = goes_on and len(moves) > len(last) and puzzle.leads(moves)
            last = moves if correct else last
        steps.append(Step(start=entry.start(), end=entry.end(), correct=correct))
    return tuple(steps)
