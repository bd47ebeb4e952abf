"""Sudoku: each digit occurs once in every row, column and box, and the given cells are kept."""

import re
from dataclasses import dataclass
from math import isqrt

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, ruled
from whet.types import Rollout, Verdict

_LAYOUT = re.compile(r"[\s|,;+\[\]-]+")
_EMPTY = str.maketrans("._", "00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudoku(Reward):
    r"""1 where the grid solves the task's, else 0.

    The task has `info["grid"]`, rows of digits with 0, `.` or `_` for an empty cell, in 4 or 9
    rows.  The answer stands in the last `<answer>…</answer>`, in `\boxed{…}` or after the last `#`:
    rows from the top; characters that draw lines or lists are ignored.  A grid that can't be read,
    or has a digit twice in a row, column or box, is a fault.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("grid",), _read)


def repeats(cells: str, side: int) -> bool:
    """Whether a digit occurs twice in a row, column or box; 0 is an empty cell."""
    units = (unit.replace("0", "") for unit in _units(cells, side))
    return any(len(set(unit)) < len(unit) for unit in units)


def _read(info: Info) -> Rule:
    given = _LAYOUT.sub("", str(info["grid"])).translate(_EMPTY)
    side = {16: 4, 81: 9}.get(len(given))
    if side is None:
        raise ValueError(f"a grid of {len(given)} cells; it needs 16 or 81")
    if not re.fullmatch(f"[0-{side}]*", given) or repeats(given, side):
        raise ValueError(f"the grid {given!r} has a digit twice, or other signs")

    def rule(text: str) -> bool | None:
        found = _LAYOUT.sub("", text)
        if len(found) != len(given) or not re.fullmatch(f"[1-{side}]*", found):
            return None
        kept = all(cell in ("0", own) for cell, own in zip(given, found, strict=True))
        return kept and not repeats(found, side)

    return rule


def _units(cells: str, side: int) -> list[str]:
    places, box = range(side), isqrt(side)
    rows = [cells[side * y : side * (y + 1)] for y in places]
    columns = ["".join(row[x] for row in rows) for x in places]
    corners = [(y, x) for y in range(0, side, box) for x in range(0, side, box)]
    boxes = ["".join(rows[y + n][x : x + box] for n in range(box)) for y, x in corners]
    return rows + columns + boxes
