"""Family B: a stack machine modulo 97.

`push 3 push 4 add push 2 mul =`  →  `3;4;7;2;14;#14`
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import ClassVar

from whet.data.procedural.levels import check_level
from whet.data.procedural.traces import Machine, followed, written
from whet.types import Step, Task

_MODULUS = 97
_DEPTHS = {"push": 1, "swap": 0, "add": -1, "sub": -1, "mul": -1}  # change of the stack's depth
_INSTRUCTION = re.compile(r"(push) ([0-9]+)|(swap|add|sub|mul)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Programs of `push n`, `swap`, `add`, `sub`, `mul`; the level is the number of instructions.

    `sub` subtracts the top from the value under it. Every program is valid and leaves one value.
    """

    levels: ClassVar[tuple[int, int]] = (3, 14)
    alphabet: ClassVar[str] = "0123456789 =;#abdhlmpsuw"

    def draw(self, rng: Random, level: int) -> Task:
        """Random instructions, uniform among those from which the program can still end validly."""
        check_level("stack", level, self.levels)
        program, depth = [], 0
        for left in range(level - 1, -1, -1):
            name = rng.choice([n for n in _DEPTHS if _legal(n, depth, left)])
            program.append(f"push {rng.randrange(_MODULUS)}" if name == "push" else name)
            depth += _DEPTHS[name]
        prompt = f"{' '.join(program)} ="
        info = {"family": "stack", "level": level, "verifier": "exact"}
        answer = written(_start(prompt), rng, keep=0.0).removeprefix("#")
        return Task(id=f"stack/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, which has no arbitrary labels."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The top of the stack after each instruction, then the final value."""
        return written(self.begun(task), rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check each value against the stack as written so far."""
        return followed(self.begun(task), reply)

    def begun(self, task: Task) -> Machine:
        """The state before the first operation."""
        return _start(str(task.prompt))


@dataclass(frozen=True, slots=True, kw_only=True)
class _StackRun:
    stack: tuple[int, ...]
    left: tuple[tuple[str, int], ...]

    def show(self) -> str:
        return str(self.stack[-1])

    def advance(self) -> "_StackRun | None":
        if not self.left:
            return None
        (name, number), *left = self.left
        return _StackRun(stack=_after(self.stack, name, number), left=tuple(left))

    def believe(self, shown: str) -> "_StackRun":
        if not re.fullmatch("[0-9]{1,6}", shown):
            return self
        return _StackRun(stack=(*self.stack[:-1], int(shown)), left=self.left)


def _after(stack: tuple[int, ...], name: str, number: int) -> tuple[int, ...]:
    if name == "push":
        return (*stack, number)
    *rest, under, top = stack
    if name == "swap":
        return (*rest, top, under)
    results = {"add": under + top, "sub": under - top, "mul": under * top}
    return (*rest, results[name] % _MODULUS)


def _start(prompt: str) -> _StackRun:
    found = _INSTRUCTION.findall(prompt)
    left = tuple((push or name, int(number or 0)) for push, number, name in found)
    return _StackRun(stack=(), left=left)


def _legal(name: str, depth: int, left: int) -> bool:
    """True if an instruction is possible now, and `left` more ones can end with one value."""
    enough = name == "push" or depth > 1
    return enough and _ends_well(depth + _DEPTHS[name], left)


@lru_cache(maxsize=1024)
def _ends_well(depth: int, left: int) -> bool:
    if left == 0:
        return depth == 1
    return any(_legal(name, depth, left - 1) for name in _DEPTHS)
