"""The tower of Hanoi: the moves are carried out, disc by disc."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

_MOVES = re.compile(r"[1-3][1-3](?:[ ,]+[1-3][1-3])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanoi(Reward):
    """1 where every move is legal, the last ends at the goal, and there are not too many, else 0.

    The task brings `info["start"]` and `info["goal"]`, the peg of each disc from the smallest on,
    and `info["most"]`, how many moves may be made.  A reply announces moves, such as `13 12 32`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        """Move the discs."""
        return ruled(rollout, ("start", "goal", "most"), _arrives)


def _arrives(info: Mapping[str, Any], text: str) -> bool | None:
    if not _MOVES.fullmatch(text):
        return None
    moves = re.findall("[1-3][1-3]", text)
    pegs: dict[str, list[int]] = {"1": [], "2": [], "3": []}
    for disc in range(len(info["start"]) - 1, -1, -1):
        pegs[info["start"][disc]].append(disc)
    for one, other in moves:
        if not pegs[one] or (pegs[other] and pegs[other][-1] < pegs[one][-1]):
            return False
        pegs[other].append(pegs[one].pop())
    there = all(disc in pegs[peg] for disc, peg in enumerate(info["goal"]))
    return there and len(moves) <= info["most"]
