"""Sudoku: every row, column and quarter has every digit once, and what was given is still there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_LAYOUT = re.compile(r"[\s|,;+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudoku(Reward):
    r"""1 where the grid solves the task's, else 0.

    The task brings `info["grid"]`, rows of digits, 0 where a cell is empty.  The grid stands in the
    last `<answer>…</answer>`, in `\boxed{…}` or after the last `#`: rows from the top, and what
    draws their lines doesn't count.  Grids of 4 and of 9 rows are known.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Look at every unit."""
        return ruled(rollout, ("grid",), _solves)


def _solves(info: Mapping[str, Any], text: str) -> bool | None:
    given, found = (_LAYOUT.sub("", grid) for grid in (str(info["grid"]), text))
    side = {16: 4, 81: 9}.get(len(given))
    if side is None:
        raise ValueError(f"a grid of {len(given)} cells is none of 16 or 81")
    if len(found) != len(given) or not re.fullmatch(f"[1-{side}]*", found):
        return None
    kept = all(cell in ("0", own) for cell, own in zip(given, found, strict=True))
    return kept and all(len(set(unit)) == side for unit in _units(found, side))


def _units(cells: str, side: int) -> list[str]:
    places, quarter = range(side), isqrt(side)
    rows = [cells[side * y : side * (y + 1)] for y in places]
    columns = ["".join(row[x] for row in rows) for x in places]
    corners = [(y, x) for y in range(0, side, quarter) for x in range(0, side, quarter)]
    quarters = ["".join(rows[y + n][x : x + quarter] for n in range(quarter)) for y, x in corners]
    return rows + columns + quarters
