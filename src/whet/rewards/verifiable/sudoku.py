"""Sudoku: each digit occurs once in every row, column and box, and the given cells are kept."""

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

    The task has `info["grid"]`, rows of digits with 0 for an empty cell, in 4 or 9 rows.  The
    answer stands in the last `<answer>…</answer>`, in `\boxed{…}` or after the last `#`: rows from
    the top; characters that draw lines are ignored.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("grid",), _solves)


def repeats(cells: str, side: int) -> bool:
    """Whether a digit occurs twice in a row, column or box; 0 is an empty cell."""
    units = (unit.replace("0", "") for unit in _units(cells, side))
    return any(len(set(unit)) < len(unit) for unit in units)


def _solves(info: Mapping[str, Any], text: str) -> bool | None:
    given, found = (_LAYOUT.sub("", grid) for grid in (str(info["grid"]), text))
    side = {16: 4, 81: 9}.get(len(given))
    if side is None:
        raise ValueError(f"a grid of {len(given)} cells; it needs 16 or 81")
    if len(found) != len(given) or not re.fullmatch(f"[1-{side}]*", found):
        return None
    kept = all(cell in ("0", own) for cell, own in zip(given, found, strict=True))
    return kept and not repeats(found, side)


def _units(cells: str, side: int) -> list[str]:
    places, box = range(side), isqrt(side)
    rows = [cells[side * y : side * (y + 1)] for y in places]
    columns = ["".join(row[x] for row in rows) for x in places]
    corners = [(y, x) for y in range(0, side, box) for x in range(0, side, box)]
    boxes = ["".join(rows[y + n][x : x + box] for n in range(box)) for y, x in corners]
    return rows + columns + boxes
