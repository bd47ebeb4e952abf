"""A small sudoku of four by four cells.

`1034 0012 2100 0021=`  →  `1234;1234 3412;1234 3412 2143;1234 3412 2143 4321;#1234 …`
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from random import Random
from typing import ClassVar

from whet.data.procedural.growth import Solved, followed, grown
from whet.data.procedural.levels import check_level
from whet.rewards.verifiable.sudoku import repeats
from whet.types import Step, Task

_ROWS = tuple("".join(row) for row in permutations("1234"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudoku:
    """Each of 1 to 4 once per row, column and quarter; the level is the number of empty cells.

    An empty cell is a 0. There is exactly one solution. A reply is the four rows, after any of
    their prefixes.
    """

    levels: ClassVar[tuple[int, int]] = (4, 10)
    alphabet: ClassVar[str] = "0123456789 =;#"

    def draw(self, rng: Random, level: int) -> Task:
        """A uniform full grid, and empty cells, uniform among those with one solution."""
        check_level("sudoku", level, self.levels)
        while True:
            rows = rng.choice(_grids())
            empty = set(rng.sample(range(16), level))
            cells = ["0" if place in empty else cell for place, cell in enumerate("".join(rows))]
            grid = " ".join("".join(cells[place : place + 4]) for place in range(0, 16, 4))
            if len(_solutions(grid)) == 1:
                break
        info = {"family": "sudoku", "level": level, "verifier": "sudoku", "grid": grid}
        answer = " ".join(rows)
        return Task(id=f"sudoku/{grid}=", prompt=f"{grid}=", answer=answer, info=info)

    def canonical(self, task: Task) -> str:
        """The grid with its digits renamed in order of occurrence."""
        names: dict[str, str] = {"0": "0", " ": " "}
        for sign in task.info["grid"]:
            names.setdefault(sign, str(len(names) - 1))
        return "".join(names[sign] for sign in task.info["grid"])

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The prefixes of the four rows, then all of them."""
        return grown(task.answer, rng, keep)

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """Check that each prefix is the first rows of the solution."""
        return followed(Solved(answers=_solutions(task.info["grid"])), reply)


Rows = tuple[str, ...]


@lru_cache(maxsize=1)
def _grids() -> tuple[Rows, ...]:
    """All 288 full grids."""
    found: list[Rows] = [()]
    for _ in range(4):
        found = [(*rows, row) for rows in found for row in _ROWS if _fits(*rows, row)]
    return tuple(found)


def _fits(*rows: str) -> bool:
    """True if no column and no quarter has a digit twice."""
    return not repeats("".join(rows).ljust(16, "0"), side=4)


def _solutions(grid: str) -> tuple[Rows, ...]:
    given = [(place, cell) for place, cell in enumerate(grid.replace(" ", "")) if cell != "0"]
    return tuple(rows for rows in _grids() if all(rows[n // 4][n % 4] == cell for n, cell in given))
