"""The tower of Hanoi: the moves are carried out, disc by disc."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from whet.protocols import Reward
from whet.rewards.verifiable.puzzles import Info, Rule, listed, number, ruled
from whet.types import Rollout, Verdict

PEGS = "123"
_MOVES = re.compile(r"[1-3][1-3](?: [1-3][1-3])*")
_FEW = 6  # discs: all positions are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanoi(Reward):
    """1 where every move is legal, the last ends at the goal, and there are not too many, else 0.

    The task has `info["start"]` and `info["goal"]`, the peg of each disc from the smallest on, and
    `info["most"]`, the largest number of moves.  A reply announces moves, such as `13 12 32`.
    Positions that can't be read are a fault, and so are those of up to six discs that so many
    moves don't join.
    """

    def score(self, rollout: Rollout) -> Verdict:
        return ruled(rollout, ("start", "goal", "most"), _read)


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


def _read(info: Info) -> Rule:
    start, goal = (_position(info, name) for name in ("start", "goal"))
    if not start or len(start) != len(goal) or set(start + goal) - set(PEGS):
        raise ValueError(f"start {start!r} and goal {goal!r} do not name a peg for each disc")
    most = number(info, "most", 1, 10_000)
    if start == goal or (len(start) <= _FEW and goal not in _reached(start, most)):
        raise ValueError(f"1 to {most} moves do not lead from {start} to {goal}")

    def rule(text: str) -> bool | None:
        moves = listed(text)
        if not _MOVES.fullmatch(moves):
            return None
        made = moves.split(" ")
        return len(made) <= most and replay(start, made) == goal

    return rule


def _position(info: Info, name: str) -> str:
    return info[name] if isinstance(info[name], str) else "".join(map(str, info[name]))


@lru_cache(maxsize=256)
def _reached(start: str, most: int) -> frozenset[str]:
    """The positions that at most so many moves lead to."""
    reached = new = {start}
    for _ in range(most):
        new = {after for known in new for after in legal_moves(known).values()} - reached
        if not new:
            break
        reached = reached | new
    return frozenset(reached)
