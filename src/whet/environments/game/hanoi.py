"""The tower of Hanoi, one move per reply."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import ClassVar

from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_MOVE = re.compile(r"[123]{2}")
_PEGS = "123"
_MOVES = tuple(a + b for a in _PEGS for b in _PEGS if a != b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanoi(World):
    """Discs on three pegs, moved one by one, never a larger one onto a smaller.

    A position is the peg of each disc, the smallest first; the opening is `start>goal`.  A reply
    `13` moves the top disc of peg 1 to peg 3, and the answer is the new position.  Level l has
    l discs and a random start, and its goal is a tower on a random peg.  There are l turns more
    than the least that are needed, which are 2ˡ − 1 from a tower.  The score is 1 for the goal,
    else 0; another reply ends the play, and a note names the rule that a move breaks.

    From 2 to 6 discs, random legal moves have .20, .09, .04, .015 and .003 (2,000 plays each); the
    expert has 1.00 (300 plays each).
    """

    levels: ClassVar[tuple[int, int]] = (2, 6)
    shown: ClassVar[frozenset[str]] = frozenset({"start", "goal"})
    alphabet: ClassVar[str] = "123>\n"
    rules: str = (
        "The tower of Hanoi. Digits are the pegs of the discs, the smallest disc first. Move the "
        "discs from the left position to the right one, one at a time, never a larger disc onto a "
        "smaller. Reply with two digits alone: 13 moves the top disc of peg 1 to peg 3.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        goal = rng.choice(_PEGS) * level
        start = goal
        while start == goal:
            start = "".join(rng.choices(_PEGS, k=level))
        turns = level + len(shortest(start, goal))
        info = {"world": "hanoi", "level": level, "turns": turns, "start": start, "goal": goal}
        return Task(id=f"hanoi/{start}>{goal}", prompt=f"{self.rules}{start}>{goal}\n", info=info)

    def canonical(self, task: Task) -> str:
        return f"hanoi/{task.info['start']}>{task.info['goal']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        position, goal = task.info["start"], task.info["goal"]
        observation: Prompt = task.prompt
        for _ in range(task.info["turns"]):
            legal = tuple(move for move in _MOVES if not broken_rule(position, move))
            found = move_in(await policy(observation, options=legal, state=position), _MOVE)
            move = found[0] if found else ""
            if move not in legal:
                note = f"{move}: {broken_rule(position, move)}" if move else ""
                return Verdict.failure(Reason.BAD_FORMAT, note, finish=Finish.ILLEGAL)
            position = moved(position, move)
            if position == goal:
                return Verdict.binary(correct=True)
            observation = f"\n{position}\n"
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """The next move of a shortest way."""
        del rng
        goal = task.info["goal"]

        async def solve(observation: Prompt, options: Sequence[str]) -> str:
            del options
            shown = str(observation).strip("\n").split("\n")[-1]
            return _towards(goal)[shown.removesuffix(f">{goal}")]

        return solve


def broken_rule(position: str, move: str) -> str:
    """The rule that a move breaks; empty for a legal one."""
    source, target = move
    if source == target:
        return "a peg to itself"
    disc, under = position.find(source), position.find(target)
    if disc < 0:
        return f"peg {source} is empty"
    if 0 <= under < disc:
        return f"disc {disc + 1} does not go onto disc {under + 1}"
    return ""


def moved(position: str, move: str) -> str:
    """The position after a legal move."""
    return position.replace(move[0], move[1], 1)


@lru_cache(maxsize=64)
def _towards(goal: str) -> dict[str, str]:
    """From each position, the first move of a shortest way to the goal.

    Found by breadth-first search from the goal: every move can be taken back.
    """
    moves = {goal: ""}
    for position in (reached := [goal]):
        for move in _MOVES:
            if not broken_rule(position, move):
                before = moved(position, move)
                if before not in moves:
                    moves[before] = move[::-1]
                    reached.append(before)
    return moves


def shortest(start: str, goal: str) -> tuple[str, ...]:
    """The fewest moves from a position to another one."""
    moves, position = list[str](), start
    while position != goal:
        moves.append(_towards(goal)[position])
        position = moved(position, moves[-1])
    return tuple(moves)
