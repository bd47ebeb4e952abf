"""A maze: the path is walked, cell by cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_PATH = re.compile(r"[0-9]{2}(?:[ ,]+[0-9]{2})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Maze(Reward):
    """1 where the path leads from start to goal, through no wall and in few enough cells, else 0.

    The task has `info["walls"]`, rows of cells with 1 for a wall, joined by `|`; `info["start"]`
    and `info["goal"]`, each a row and a column; and `info["most"]`, the largest number of cells,
    both ends included.  A reply announces its cells, such as `00 10 11`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("walls", "start", "goal", "most"), _leads)


def is_free(walls: str, cell: str) -> bool:
    """Whether the maze has that cell, a row and a column, and no wall there."""
    return _free(walls.split("|"), int(cell[0]), int(cell[1]))


def neighbours(walls: str, cell: str) -> Iterator[str]:
    """The free cells above, below, left and right of a cell, in this order."""
    rows = walls.split("|")
    y, x = int(cell[0]), int(cell[1])
    for down, across in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
        if _free(rows, down, across):
            yield f"{down}{across}"


def is_path(walls: str, cells: Sequence[str]) -> bool:
    """Whether each cell is free and a neighbour of the one before it."""
    steps = zip(cells, cells[1:], strict=False)
    return is_free(walls, cells[0]) and all(b in neighbours(walls, a) for a, b in steps)


def _free(rows: Sequence[str], y: int, x: int) -> bool:
    return 0 <= y < len(rows) and 0 <= x < len(rows[y]) and rows[y][x] == "0"


def _leads(info: Mapping[str, Any], text: str) -> bool | None:
    if not _PATH.fullmatch(text):
        return None
    cells = re.findall("[0-9]{2}", text)
    ends = ["".join(str(int(place)) for place in info[name]) for name in ("start", "goal")]
    few = len(cells) <= info["most"]
    return few and [cells[0], cells[-1]] == ends and is_path(str(info["walls"]), cells)
