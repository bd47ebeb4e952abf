"""The lock: three wheels to turn, a task for which a chain of thought measurably helps.

`c5d+4e*3f+2|g4h*3i+1j+2|k5l+3m*3n+4=`  →  `c5d9e7f9g4h2i3j5k5l8m4n8`

Addition and multiplication by 3 do not commute. With additions alone, a small model may learn to
sum a wheel's lines in one step, and then writing them down gains nothing.
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
    """Wheels start at a digit and move modulo 10; the answer is the final digit of each.

    The level n is the largest number of lines of a wheel: each has n or n − 1, and at least one has
    n. A reply is label and digit of any lines in the order of the prompt, including the last line
    of each wheel.
    """

    levels: ClassVar[tuple[int, int]] = (1, 5)
    alphabet: ClassVar[str] = "0123456789+*|=" + _LABELS

    def draw(self, rng: Random, level: int) -> Task:
        """Starts from 0 to 9, moves by 1 to 4 or times 3, consecutive labels from a random one."""
        check_level("lock", level, self.levels)
        lengths = [max(1, level - rng.randint(0, 1)) for _ in range(_WHEELS)]
        lengths[rng.randrange(_WHEELS)] = level
        first = rng.randint(0, len(_LABELS) - sum(lengths))
        labels = iter(_LABELS[first:])
        wheels = ["".join(_lines(rng, length, labels)) for length in lengths]
        prompt = f"{'|'.join(wheels)}="
        info = {"family": "lock", "level": level, "verifier": "labelled"}
        ends = [wheel[-1] for wheel in _wheels(prompt)]
        answer = "".join(label + str(digit) for label, digit in ends)
        return Task(id=f"lock/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt without its labels."""
        return re.sub("[a-z]", "", str(task.prompt))

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """Label and digit of every line; the last line of a wheel is its answer."""
        pairs = [
            label + str(digit)
            for wheel in _wheels(str(task.prompt))
            for label, digit in wheel
            if (label, digit) == wheel[-1] or rng.random() < keep
        ]
        return "".join(pairs)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that each pair is a later line, and follows from the last pair of its wheel.

        The first pair of a wheel must follow from its start.
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
    moves: tuple[str, ...]  # moves of its wheel up to this line


def _follows(line: _Line, digit: int, last: _Line | None, said: int) -> bool:
    """True if the digit of the line follows from the digit that the last line was given."""
    if last is None or last.wheel != line.wheel:
        return (last is None or line.place > last.place) and digit == line.digit
    if line.place <= last.place:
        return False
    for move in line.moves[len(last.moves) :]:
        said = _moved(said, move)
    return digit == said


def _moved(digit: int, move: str) -> int:
    """A wheel's digit after `+4` or `*3`; the `5` of a first line sets it."""
    if move.startswith("*"):
        return digit * int(move[1:]) % 10
    return (digit + int(move)) % 10 if move.startswith("+") else int(move)


def _lines(rng: Random, length: int, labels: Iterator[str]) -> Iterator[str]:
    yield f"{next(labels)}{rng.randint(0, 9)}"
    for _ in range(length - 1):
        yield f"{next(labels)}{rng.choices(_MOVES, _OFTEN)[0]}"


def _wheels(prompt: str) -> list[list[tuple[str, int]]]:
    """Per wheel, each line's label and the digit after it."""
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
