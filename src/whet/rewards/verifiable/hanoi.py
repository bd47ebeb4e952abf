"""The tower of Hanoi: the moves are carried out, disc by disc."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import ruled
from whet.types import Rollout, Verdict

PEGS = "123"
_MOVES = re.compile(r"[1-3][1-3](?:[ ,]+[1-3][1-3])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanoi(Reward):
    """1 where every move is legal, the last ends at the goal, and there are not too many, else 0.

    The task has `info["start"]` and `info["goal"]`, the peg of each disc from the smallest on, and
    `info["most"]`, the largest number of moves.  A reply announces moves, such as `13 12 32`.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("start", "goal", "most"), _arrives)


def legal_moves(position: str) -> dict[str, str]:
    """Each legal move, such as `13`, and the position it leads to.

    A position names the peg of each disc from the smallest on.
    """
    moves = {}
    for one, other in permutations(PEGS, 2):
        disc, above = position.find(one), position.find(other)
        if disc >= 0 and (above < 0 or disc < above):
            moves[one + other] = position[:disc] + other + position[disc + 1 :]
    return moves


def replay(start: str, moves: Iterable[str]) -> str | None:
    """The position after the moves; None where one of them is illegal."""
    position = start
    for move in moves:
        following = legal_moves(position).get(move)
        if following is None:
            return None
        position = following
    return position


def _arrives(info: Mapping[str, Any], text: str) -> bool | None:
    if not _MOVES.fullmatch(text):
        return None
    start, goal = ("".join(map(str, info[name])) for name in ("start", "goal"))
    if len(start) != len(goal) or set(start + goal) - set(PEGS):
        raise ValueError(f"start {start!r} and goal {goal!r} do not name a peg for each disc")
    moves = re.findall("[1-3][1-3]", text)
    return len(moves) <= info["most"] and replay(start, moves) == goal
