"""Family A: a chain of operations modulo 97, evaluated from left to right.

`3+5*2-7=`  →  `8;16;9;#9`
"""

import re
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from whet.data.procedural.levels import check_level
from whet.data.procedural.traces import Machine, followed, written
from whet.types import Step, Task

_MODULUS = 97
_OPERATION = re.compile(r"([-+*])([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Running results of `+`, `-` and `*`; the level is the number of operations."""

    levels: ClassVar[tuple[int, int]] = (2, 12)
    alphabet: ClassVar[str] = "0123456789+-*=;#"

    def draw(self, rng: Random, level: int) -> Task:
        """Numbers from 0 to 96 and operations, all uniform."""
        check_level("chain", level, self.levels)
        operations = [rng.choice("+-*") + str(rng.randrange(_MODULUS)) for _ in range(level)]
        prompt = f"{rng.randrange(_MODULUS)}{''.join(operations)}="
        info = {"family": "chain", "level": level, "verifier": "exact"}
        answer = written(_start(prompt), rng, keep=0.0).removeprefix("#")
        return Task(id=f"chain/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, which has no arbitrary labels."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """One running result per operation, then the answer."""
        return written(self.begun(task), rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check each result against the one written before it."""
        return followed(self.begun(task), reply)

    def begun(self, task: Task) -> Machine:
        """The state before the first operation."""
        return _start(str(task.prompt))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    value: int
    left: tuple[tuple[str, int], ...]

    def show(self) -> str:
        return str(self.value)

    def advance(self) -> "_Running | None":
        if not self.left:
            return None
        (sign, number), *left = self.left
        results = {"+": self.value + number, "-": self.value - number, "*": self.value * number}
        return _Running(value=results[sign] % _MODULUS, left=tuple(left))

    def believe(self, shown: str) -> "_Running":
        return replace(self, value=int(shown)) if re.fullmatch("[0-9]{1,6}", shown) else self


def _start(prompt: str) -> _Running:
    first, rest = re.split(r"(?=[-+*])", prompt, maxsplit=1)
    left = tuple((sign, int(number)) for sign, number in _OPERATION.findall(rest))
    return _Running(value=int(first), left=left)
