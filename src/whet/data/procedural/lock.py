"""The lock: three wheels to turn, on which a chain of thought can be seen to help.

`c5d+4e*3f+2|g4h*3i+1j+2|k5l+3m*3n+4=`  →  `c5d9e7f9g4h2i3j5k5l8m4n8`

Sums and threefolds don't commute: with sums alone, a small model may learn to add a wheel's lines
up at a glance, and then nothing is gained by writing them down.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar, NamedTuple

from whet.data.procedural.levels import check_level
from whet.types import Step, Task

_WHEELS = 3
_LABELS = "abcdefghijklmnop"
_MOVES = ("+1", "+2", "+3", "+4", "*3")
_OFTEN = (1, 1, 1, 1, 2)
_LINE = re.compile(r"([a-z])([+*]?[0-9])")
_PAIR = re.compile(r"([a-z])([0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Each wheel starts at a digit and moves on modulo 10; the answer is where the wheels end.

    The level n is the most lines of a wheel: each has n or n − 1, at least one has n.  A reply is
    label and digit of every line that its author cares to write, in the order of the prompt.
    """

    levels: ClassVar[tuple[int, int]] = (1, 5)
    alphabet: ClassVar[str] = "0123456789+*|=" + _LABELS

    def draw(self, dice: Random, level: int) -> Task:
        """Starts from 0 to 9, turns by 1 to 4 or threefold, labels in a row from anywhere."""
        check_level("lock", level, self.levels)
        lengths = [max(1, level - dice.randint(0, 1)) for _ in range(_WHEELS)]
        lengths[dice.randrange(_WHEELS)] = level
        first = dice.randint(0, len(_LABELS) - sum(lengths))
        labels = iter(_LABELS[first:])
        wheels = ["".join(_lines(dice, length, labels)) for length in lengths]
        prompt = f"{'|'.join(wheels)}="
        info = {"family": "lock", "level": level, "verifier": "labelled"}
        ends = [wheel[-1] for wheel in _wheels(prompt)]
        answer = "".join(label + str(digit) for label, digit in ends)
        return Task(id=f"lock/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt without its labels."""
        return re.sub("[a-z]", "", str(task.prompt))

    def worked(self, task: Task, dice: Random, keep: float = 1.0) -> str:
        """Every line's label and digit; the last line of a wheel is its answer."""
        pairs = [
            label + str(digit)
            for wheel in _wheels(str(task.prompt))
            for label, digit in wheel
            if (label, digit) == wheel[-1] or dice.random() < keep
        ]
        return "".join(pairs)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Each pair: a line further on, and the digit to which the wheel's last pair leads.

        In a wheel that has no pair yet, its start leads there.
        """
        lines = _placed(str(task.prompt))
        steps: list[Step] = []
        last, said = None, 0
        for pair in _PAIR.finditer(reply):
            line, digit = lines.get(pair[1]), int(pair[2])
            correct = line is not None and _follows(line, digit, last, said)
            steps.append(Step(start=pair.start(), end=pair.end(), correct=correct))
            if line is not None:
                last, said = line, digit
        return tuple(steps)


class _Line(NamedTuple):
    place: int
    wheel: int
    digit: int  # the right one
    moves: tuple[str, ...]  # of its wheel, up to itself


def _follows(line: _Line, digit: int, last: _Line | None, said: int) -> bool:
    """Is this the digit of the line, if the last line written down said that?"""
    if last is None or last.wheel != line.wheel:
        return (last is None or line.place > last.place) and digit == line.digit
    if line.place <= last.place:
        return False
    for move in line.moves[len(last.moves) :]:
        said = _moved(said, move)
    return digit == said


def _moved(digit: int, move: str) -> int:
    """A wheel's digit after `+4` or `*3`; the first line's `5` sets it."""
    if move.startswith("*"):
        return digit * int(move[1:]) % 10
    return (digit + int(move)) % 10 if move.startswith("+") else int(move)


def _lines(dice: Random, length: int, labels: Iterator[str]) -> Iterator[str]:
    yield f"{next(labels)}{dice.randint(0, 9)}"
    for _ in range(length - 1):
        yield f"{next(labels)}{dice.choices(_MOVES, _OFTEN)[0]}"


def _wheels(prompt: str) -> list[list[tuple[str, int]]]:
    """Of each wheel, every line's label and the digit after it."""
    wheels = []
    for text in prompt.split("|"):
        digit, lines = 0, []
        for label, move in _LINE.findall(text):
            digit = _moved(digit, move)
            lines.append((label, digit))
        wheels.append(lines)
    return wheels


def _placed(prompt: str) -> dict[str, _Line]:
    """The line of each label."""
    moves = [[move for _, move in _LINE.findall(text)] for text in prompt.split("|")]
    lines = [
        (w, tuple(moves[w][: i + 1]), *line)
        for w, wheel in enumerate(_wheels(prompt))
        for i, line in enumerate(wheel)
    ]
    return {
        label: _Line(place, w, digit, path) for place, (w, path, label, digit) in enumerate(lines)
    }
