"""The shortest path through a maze.

`0010|0110|0000|1110 00>33:`  →  `00;00 10;00 10 20;…;#00 10 20 21 22 23 33`
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import followed, grown
from whet.data.procedural.levels import check_level
from whet.rewards.verifiable.maze import is_free, is_path, neighbours
from whet.types import Step, Task

_WALLS = 0.3  # probability of a wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Maze:
    """A square grid, 1 for a wall; the level is its side length.

    A cell is named by row and column, from 00 on. A reply lists every cell of a path, with steps
    up, down, left or right. Only shortest paths are correct.
    """

    levels: ClassVar[tuple[int, int]] = (4, 7)
    alphabet: ClassVar[str] = "0123456789|>:;# "

    def draw(self, rng: Random, level: int) -> Task:
        """Random walls, and two cells that are at least one side length apart."""
        check_level("maze", level, self.levels)
        while True:
            cells = ["1" if rng.random() < _WALLS else "0" for _ in range(level * level)]
            walls = "|".join("".join(cells[n : n + level]) for n in range(0, len(cells), level))
            start, goal = (f"{rng.randrange(level)}{rng.randrange(level)}" for _ in range(2))
            way = _shortest(walls, start, goal)
            if len(way) > level:
                break
        prompt = f"{walls} {start}>{goal}:"
        info = {"family": "maze", "level": level, "verifier": "maze"}
        info |= {"walls": walls, "start": start, "goal": goal, "most": len(way)}
        return Task(id=f"maze/{prompt}", prompt=prompt, answer=" ".join(way), info=info)

    def canonical(self, task: Task) -> str:
        """The prompt itself, which has no arbitrary labels."""
        return str(task.prompt)

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the path, then the path."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that each prefix is a path that can still be a shortest one."""
        names = ("walls", "start", "goal", "most")
        return followed(_Map(**{name: task.info[name] for name in names}), reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Map:
    walls: str
    start: str
    goal: str
    most: int

    @property
    def width(self) -> int:
        return 0

    def leads(self, moves: tuple[str, ...]) -> bool:
        if len(moves) > self.most or not self._walks(moves):
            return False
        rest = _shortest(self.walls, moves[-1], self.goal)
        return bool(rest) and len(moves) + len(rest) - 1 <= self.most

    def solved(self, moves: tuple[str, ...]) -> bool:
        return len(moves) <= self.most and self._walks(moves) and moves[-1] == self.goal

    def _walks(self, moves: tuple[str, ...]) -> bool:
        return moves[0] == self.start and is_path(self.walls, moves)


def _shortest(walls: str, start: str, goal: str) -> tuple[str, ...]:
    """A shortest path with both ends; empty if there is none."""
    if not is_free(walls, start):
        return ()
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    for cell in (reached := [start]):
        for following in neighbours(walls, cell):
            if following not in ways:
                ways[following] = (*ways[cell], following)
                reached.append(following)
    return ways.get(goal, ())
