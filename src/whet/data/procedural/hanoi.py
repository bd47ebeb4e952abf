"""The tower of Hanoi, from any position to any other.

`112>333:`  →  `13;13 …;#13 …`
"""

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import followed, grown
from whet.data.procedural.levels import check_level
from whet.rewards.verifiable.hanoi import PEGS, legal_moves, replay
from whet.types import Step, Task


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
            start, goal = ("".join(rng.choices(PEGS, k=level)) for _ in range(2))
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

    @property
    def width(self) -> int:
        return 0

    def leads(self, moves: tuple[str, ...]) -> bool:
        left = self.most - len(moves)
        end = replay(self.start, moves) if left >= 0 else None
        return end is not None and len(_shortest(end, self.goal)) <= left

    def solved(self, moves: tuple[str, ...]) -> bool:
        return len(moves) <= self.most and replay(self.start, moves) == self.goal


@lru_cache(maxsize=4096)
def _shortest(start: str, goal: str) -> tuple[str, ...]:
    ways: dict[str, tuple[str, ...]] = {start: ()}
    for position in (reached := [start]):
        for move, following in legal_moves(position).items():
            if following not in ways:
                ways[following] = (*ways[position], move)
                reached.append(following)
    return ways[goal]
