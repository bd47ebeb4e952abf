"""A maze: the path is walked, cell by cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, listed, number, ruled
from whet.types import Rollout, Verdict

_PATH = re.compile(r"[0-9]{2}(?: [0-9]{2})*")
_WALLS = re.compile(r"[01]{1,10}(?:\|[01]{1,10}){0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Maze(Reward):
    """1 where the path leads from start to goal, through no wall and in few enough cells, else 0.

    The task has `info["walls"]`, rows of cells with 1 for a wall, joined by `|`; `info["start"]`
    and `info["goal"]`, each a row and a column; and `info["most"]`, the largest number of cells,
    both ends included.  A reply announces its cells, such as `00 10 11`.  A maze that can't be
    read, of more than ten rows or columns, or without such a path is a fault.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("walls", "start", "goal", "most"), _read)


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


def _read(info: Info) -> Rule:
    walls, most = str(info["walls"]).strip(), number(info, "most", 1, 100)
    ends = [_cell(info, name) for name in ("start", "goal")]
    if not _WALLS.fullmatch(walls):
        raise ValueError(f"info['walls'] is {walls!r:.80}, not rows of 0 and 1 joined by |")
    if not _open(walls, *ends, most):
        raise ValueError(f"no path of {most} cells leads from {ends[0]} to {ends[1]}")

    def rule(text: str) -> bool | None:
        path = listed(text)
        if not _PATH.fullmatch(path):
            return None
        cells = path.split(" ")
        few = len(cells) <= most
        return few and [cells[0], cells[-1]] == ends and is_path(walls, cells)

    return rule


def _cell(info: Info, name: str) -> str:
    found = info[name] if isinstance(info[name], str) else "".join(map(str, info[name]))
    if not re.fullmatch("[0-9]{2}", found):
        raise ValueError(f"info[{name!r}] is {info[name]!r:.40}, not a row and a column")
    return found


@lru_cache(maxsize=1024)
def _open(walls: str, start: str, goal: str, most: int) -> bool:
    reached = {start} if is_free(walls, start) else set()
    for _ in range(most - 1):
        reached |= {cell for known in reached for cell in neighbours(walls, known)}
    return goal in reached
