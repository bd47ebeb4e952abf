"""Family D: sort, reverse or deduplicate a list.

`sort 5 3 9 1=`  →  `1;1 3;1 3 5;1 3 5 9;#1 3 5 9`
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from whet.data.procedural.levels import check_level
from whet.data.procedural.traces import Machine, followed, written
from whet.types import Step, Task

_LARGEST = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """`sort`, `reverse` or `dedup`; the level is the length of the list.

    No list is its own answer, so copying the prompt earns nothing.
    """

    levels: ClassVar[tuple[int, int]] = (3, 12)
    alphabet: ClassVar[str] = "0123456789 =;#deoprstuv"

    def draw(self, rng: Random, level: int) -> Task:
        """Distinct numbers from 0 to 99, except for `dedup`, where some repeat."""
        check_level("lists", level, self.levels)
        name = rng.choice(("sort", "reverse", "dedup"))
        items = answer = ()
        while answer == items:
            items = _items(rng, name, level)
            answer = _complete(name, items)
        prompt = f"{name} {' '.join(map(str, items))}="
        info = {"family": "lists", "level": level, "verifier": "exact"}
        shown = " ".join(map(str, answer))
        return Task(id=f"lists/{prompt}", prompt=prompt, answer=shown, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, which has no arbitrary labels."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the answer, each longer by one number, then the answer."""
        return written(self.begun(task), rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that each prefix continues the one written before it."""
        return followed(self.begun(task), reply)

    def begun(self, task: Task) -> Machine:
        """The state before the first operation."""
        return _start(str(task.prompt))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Growing:
    name: str
    items: tuple[int, ...]
    done: tuple[int, ...] = ()

    def show(self) -> str:
        return " ".join(map(str, self.done))

    def advance(self) -> "_Growing | None":
        found = self._next()
        return None if found is None else replace(self, done=(*self.done, found))

    def believe(self, shown: str) -> "_Growing":
        if not re.fullmatch(r"[0-9]{1,6}(?: [0-9]{1,6}){0,63}", shown):
            return self
        return replace(self, done=tuple(map(int, shown.split())))

    def _next(self) -> int | None:
        if self.name == "sort":
            return min((Counter(self.items) - Counter(self.done)).elements(), default=None)
        if self.name == "dedup":
            return next((item for item in self.items if item not in self.done), None)
        place = len(self.done)
        return self.items[-1 - place] if place < len(self.items) else None


def _items(rng: Random, name: str, level: int) -> tuple[int, ...]:
    if name != "dedup":
        return tuple(rng.sample(range(_LARGEST + 1), level))
    some = rng.sample(range(_LARGEST + 1), max(2, 2 * level // 3))
    return tuple(rng.choices(some, k=level))


def _start(prompt: str) -> _Growing:
    name, *items = prompt.removesuffix("=").split(" ")
    return _Growing(name=name, items=tuple(map(int, items)))


def _complete(name: str, items: tuple[int, ...]) -> tuple[int, ...]:
    state: _Growing | None = _Growing(name=name, items=items)
    done: tuple[int, ...] = ()
    while state is not None:
        done, state = state.done, state.advance()
    return done
