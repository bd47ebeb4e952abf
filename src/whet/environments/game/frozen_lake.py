"""Frozen lake: a way over the ice to the goal, around the holes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from random import Random
from typing import ClassVar

from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, UsageError, Verdict

_MOVE = re.compile(r"[UDLR]", re.ASCII | re.IGNORECASE)
_STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_ASIDE = {"U": "LR", "D": "LR", "L": "UD", "R": "UD"}
_HOLES = 0.3  # share of the ice
_FEW, _MANY = 0.1, 0.5  # shares at level 1, of which one is drawn
_SIDE = 4  # rows at level 1
_HASTE = 0.999  # what the expert's value of the goal shrinks by per step, so that it goes straight


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenLake(World):
    """A board of n × n fields: the player `@`, ice `.`, holes `O`, the goal `G`.

    A reply is one of `U`, `D`, `L`, `R`; at the edge the player stays.  A way always exists, and
    there are twice as many turns as the shortest one has steps.  The score is 1 for the goal, else
    0; another reply ends the play.

    Level 1 has the ends of gymnasium's FrozenLake: on 4 × 4 fields from the upper left corner to
    the lower right one; 10 to 50 % of the others are holes.  Levels 2, 3 and 4 have 4, 5 and 6
    rows, any two fields with a way of n or more steps, and 30 % holes.

    `slip` is the probability that a step goes to a random side instead.  The turns grow by
    1 / (1 − slip).

    By level, random moves have .02, .03, .009 and .002 (2,000 plays each, without slips); the
    expert has 1.00 (300 plays each).
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    shown: ClassVar[frozenset[str]] = frozenset({"board"})
    alphabet: ClassVar[str] = "@.OGUDLR\n"
    rules: str = (
        "You are @ on a frozen lake. Go to G over the ice (.), and don't fall into a hole (O). "
        "Reply with a letter alone: U, D, L or R, for up, down, left or right.\n"
    )  # put before the first observation; "" for a small model
    slip: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.slip < 1:
            raise UsageError(f"frozen_lake.slip is {self.slip}; give a number from 0 to below 1")

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        board, steps = _corners(rng) if level == 1 else _drawn(level + 2, rng)
        turns = ceil(2 * steps / (1 - self.slip))
        info = {"world": "frozen_lake", "level": level, "turns": turns, "board": board}
        if self.slip:
            info |= {"slip": self.slip, "luck": rng.getrandbits(32)}
        name = f"frozen_lake/{level}/{board}".replace("\n", "/")
        return Task(id=name, prompt=f"{self.rules}{board}\n", info=info)

    def canonical(self, task: Task) -> str:
        info = task.info
        return f"frozen_lake/{info['board']}/{info.get('slip', 0)}/{info.get('luck', 0)}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        board, slip = task.info["board"], task.info.get("slip", 0.0)
        slips = Random(f"{task.info.get('luck', 0)}/slips")
        size, cell = board.index("\n"), _fields(board).index("@")
        ice = _fields(board).replace("@", ".")
        observation: Prompt = task.prompt
        for _ in range(task.info["turns"]):
            found = move_in(await policy(observation, options=tuple(_STEPS)), _MOVE)
            if found is None:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            move = found[0].upper()
            if slip and slips.random() < slip:
                move = slips.choice(_ASIDE[move])
            cell = stepped(size, cell, move)
            if ice[cell] != ".":
                return Verdict.binary(correct=ice[cell] == "G")
            observation = f"\n{_shown(ice, size, cell)}\n"
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """The move that most probably reaches the goal in the turns that are left, and soonest."""
        del rng
        board, turns = task.info["board"], task.info["turns"]
        size, ice = board.index("\n"), _fields(board).replace("@", ".")
        moves = _best_moves(ice, size, task.info.get("slip", 0.0), turns)
        left = turns

        async def plan(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal left
            del options
            left -= 1
            rows = str(observation).strip("\n").split("\n")[-size:]
            return moves[left]["".join(rows).index("@")]

        return plan


def stepped(size: int, cell: int, move: str) -> int:
    """The field behind a step; the same one at the edge."""
    down, right = _STEPS[move]
    row, column = cell // size + down, cell % size + right
    return row * size + column if 0 <= row < size and 0 <= column < size else cell


def least_steps(board: str) -> int:
    """Steps of a shortest way to the goal; 0 if there is none."""
    fields, size = _fields(board), board.index("\n")
    ahead, seen, steps = [fields.index("@")], {fields.index("@")}, 0
    while ahead:
        if any(fields[cell] == "G" for cell in ahead):
            return steps
        around = {stepped(size, cell, move) for cell in ahead for move in _STEPS}
        ahead = [cell for cell in around - seen if fields[cell] != "O"]
        seen |= around
        steps += 1
    return 0


def _drawn(size: int, rng: Random) -> tuple[str, int]:
    while True:
        fields = ["O" if rng.random() < _HOLES else "." for _ in range(size * size)]
        start, goal = rng.sample(range(size * size), 2)
        fields[start], fields[goal] = "@", "G"
        board = _rows("".join(fields), size)
        if (steps := least_steps(board)) >= size:
            return board, steps


def _corners(rng: Random) -> tuple[str, int]:
    while True:
        holes = rng.uniform(_FEW, _MANY)
        fields = "".join("O" if rng.random() < holes else "." for _ in range(_SIDE**2 - 2))
        board = _rows(f"@{fields}G", _SIDE)
        if steps := least_steps(board):
            return board, steps


def _fields(board: str) -> str:
    return board.replace("\n", "")


def _shown(ice: str, size: int, cell: int) -> str:
    return _rows(f"{ice[:cell]}@{ice[cell + 1 :]}", size)


def _rows(fields: str, size: int) -> str:
    return "\n".join(fields[n : n + size] for n in range(0, size * size, size))


@lru_cache(maxsize=4096)  # a warm-up on level 1 meets the same boards again
def _best_moves(ice: str, size: int, slip: float, turns: int) -> tuple[str, ...]:
    """By turns left after the next move: from each field the move that is worth most."""
    ends = [float(field == "G") for field in ice]
    before, tables = ends, list[str]()
    for _ in range(turns):
        values, moves = ends[:], ["U"] * len(ice)
        for cell, field in enumerate(ice):
            if field == ".":
                worth = {move: _worth(before, size, cell, move, slip) for move in _STEPS}
                moves[cell] = max(worth, key=worth.__getitem__)
                values[cell] = _HASTE * worth[moves[cell]]
        before = values
        tables.append("".join(moves))
    return tuple(tables)


def _worth(values: Sequence[float], size: int, cell: int, move: str, slip: float) -> float:
    """The expected value of a field's neighbours under a move."""
    ahead = values[stepped(size, cell, move)]
    if not slip:
        return ahead
    aside = sum(values[stepped(size, cell, side)] for side in _ASIDE[move]) / 2
    return (1 - slip) * ahead + slip * aside
