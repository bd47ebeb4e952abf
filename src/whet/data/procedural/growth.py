"""Replies of the form `1 2;1 2 1;#1 2 1`: the beginnings of an answer, then the answer."""

import re
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from whet.types import Step

_ENTRY = re.compile(r"[^;]+")


@runtime_checkable
class Puzzle(Protocol):
    """What is asked: an answer of several moves, with spaces between them."""

    def leads(self, moves: tuple[str, ...]) -> bool:
        """Can these first moves still be gone on to an answer?"""
        ...

    def solved(self, moves: tuple[str, ...]) -> bool:
        """Are these moves an answer?"""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A puzzle all of whose answers are known."""

    answers: tuple[tuple[str, ...], ...]

    def leads(self, moves: tuple[str, ...]) -> bool:
        """Does one of them begin so?"""
        return any(answer[: len(moves)] == moves for answer in self.answers)

    def solved(self, moves: tuple[str, ...]) -> bool:
        """Is this one of them?"""
        return moves in self.answers


def grown(answer: str, dice: Random, keep: float) -> str:
    """Every beginning of an answer, each written down with probability `keep`, then the whole."""
    moves = answer.split(" ")
    lines = [" ".join(moves[: place + 1]) for place in range(len(moves))]
    return ";".join([*(line for line in lines if dice.random() < keep), f"#{answer}"])


def followed(puzzle: Puzzle, reply: str) -> tuple[Step, ...]:
    """Does each line go on from the last right one, towards an answer?

    Lines may be left out.  A wrong line is passed over, and a result goes on from the last right
    line, too; after it there is nothing more to say.
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
