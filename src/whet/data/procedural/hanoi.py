"""The tower of Hanoi, from any position to any other.

`112>333:`  →  `13;13 …;#13 …`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from random import Random
from typing import ClassVar

from whet.data.procedural._growth import followed, grown
from whet.data.procedural._levels import check_level
from whet.types import Step, Task

_PEGS = "123"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanoi:
    """Move discs, never a larger one onto a smaller; the level is the number of discs.

    A position is the peg of each disc, the smallest first. A reply is a list of moves: `13` moves
    the top disc of peg 1 to peg 3. Any moves that end at the goal are correct, up to 2ⁿ − 1 of
    them.
    """

    levels: ClassVar[tuple[int, int]] = (3, 4)
    alphabet: ClassVar[str] = "0123456789>:;# "

    def draw(self, rng: Random, level: int) -> Task:
        """Two different positions, uniform."""
        check_level("hanoi", level, self.levels)
        start, goal = "", ""
        while start == goal:
            start, goal = ("".join(rng.choices(_PEGS, k=level)) for _ in range(2))
        prompt = f"{start}>{goal}:"
        info = {"family": "hanoi", "level": level, "verifier": "hanoi"}
        info |= {"start": start, "goal": goal, "most": 2**level - 1}
        answer = " ".join(_shortest(start, goal))
        return Task(id=f"hanoi/{prompt}", prompt=prompt, answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, which is the two positions."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of a shortest solution, then the solution."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that the moves of each prefix are legal and can still reach the goal in time."""
        info = task.info
        return followed(_Tower(start=info["start"], goal=info["goal"], most=info["most"]), reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tower:
    start: str
    goal: str
    most: int

    def leads(self, moves: tuple[str, ...]) -> bool:
        left = self.most - len(moves)
        end = self._after(moves) if left >= 0 else None
        return end is not None and len(_shortest(end, self.goal)) <= left

    def solved(self, moves: tuple[str, ...]) -> bool:
        return len(moves) <= self.most and self._after(moves) == self.goal

    def _after(self, moves: tuple[str, ...]) -> str | None:
        position = self.start
        for move in moves:
            following = dict(_legal(position)).get(move)
            if following is None:
                return None
            position = following
        return position


def _legal(position: str) -> Iterator[tuple[str, str]]:
    """Each legal move, with the position after it."""
    for one, other in permutations(_PEGS, 2):
        disc, above = position.find(one), position.find(other)
        if disc >= 0 and (above < 0 or disc < above):
            yield one + other, position[:disc] + other + position[disc + 1 :]


@lru_cache(maxsize=4096)
def _shortest(start: str, goal: str) -> tuple[str, ...]:
    ways: dict[str, tuple[str, ...]] = {start: ()}
    for position in (reached := [start]):
        for move, following in _legal(position):
            if following not in ways:
                ways[following] = (*ways[position], move)
                reached.append(following)
    return ways[goal]
