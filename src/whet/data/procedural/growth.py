"""Replies of the form `1 2;1 2 1;#1 2 1`: prefixes of an answer, then the answer."""

from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from whet.data.procedural.spelling import entries
from whet.rewards.verifiable.extraction import boxed, tagged
from whet.rewards.verifiable.puzzles import listed
from whet.types import Step


@runtime_checkable
class Puzzle(Protocol):
    """A puzzle with answers of several moves, separated by spaces."""

    @property
    def width(self) -> int:
        """The number of signs of a move, where moves may stand side by side; else 0."""
        ...

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

    @property
    def width(self) -> int:
        return max((len(move) for answer in self.answers[:1] for move in answer[:1]), default=0)

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
    last correct one. Every line after the result is wrong. Lists are spelled as freely as judges
    allow, and a result stands behind `#`, in `<answer>…</answer>` or in a box.
    """
    steps: list[Step] = []
    last: tuple[str, ...] = ()
    over = False
    for start, end, said in entries(reply):
        result, text = _announced(said)
        moves = _moves(puzzle, text)
        goes_on = not over and moves[: len(last)] == last
        if result:
            correct, over = goes_on and puzzle.solved(moves), True
        else:
            correct = goes_on and len(moves) > len(last) and puzzle.leads(moves)
            last = moves if correct else last
        steps.append(Step(start=start, end=end, correct=correct))
    return tuple(steps)


def _announced(said: str) -> tuple[bool, str]:
    """Whether an entry is a result, and its list."""
    content = tagged(said)
    boxes = boxed(said if content is None else content)
    if boxes:
        return True, boxes[-1]
    return (True, content) if content is not None else ("#" in said, said.rpartition("#")[2])


def _moves(puzzle: Puzzle, text: str) -> tuple[str, ...]:
    listing, width = listed(text), puzzle.width
    joined = listing.replace(" ", "")
    if not width or len(joined) % width:
        return tuple(listing.split(" "))
    return tuple(joined[place : place + width] for place in range(0, len(joined), width))
