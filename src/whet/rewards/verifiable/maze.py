"""A maze: the way is walked, cell by cell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_WAY = re.compile(r"[0-9]{2}(?:[ ,]+[0-9]{2})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Maze(Reward):
    """1 where the way leads from start to goal, through no wall, in as few cells as can be, else 0.

    The task brings `info["walls"]`, rows of cells with 1 for a wall, joined by `|`, `info["start"]`
    and `info["goal"]`, each a row and a column, and `info["most"]`, how many cells a way may have,
    both ends included.  A reply announces its cells, such as `00 10 11`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Walk."""
        return ruled(rollout, ("walls", "start", "goal", "most"), _leads)


def _leads(info: Mapping[str, Any], text: str) -> bool | None:
    if not _WAY.fullmatch(text):
        return None
    rows = str(info["walls"]).split("|")
    cells = [(int(y), int(x)) for y, x in re.findall("([0-9])([0-9])", text)]
    free = {(y, x) for y, row in enumerate(rows) for x, cell in enumerate(row) if cell == "0"}
    ends = [tuple(map(int, info[name])) for name in ("start", "goal")]
    steps = zip(cells, cells[1:], strict=False)
    near = all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in steps)
    walked = near and set(cells) <= free and [cells[0], cells[-1]] == ends
    return walked and len(cells) <= info["most"]
