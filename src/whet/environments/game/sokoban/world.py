"""Sokoban: boxes are pushed onto goals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.environments.game.sokoban.room import STEPS, Room
from whet.environments.game.sokoban.search import pulled, solution
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_MOVES = re.compile(r"[UDLR]+", re.ASCII | re.IGNORECASE)
_SIZES = {1: (5, 1), 2: (5, 1), 3: (6, 1), 4: (6, 1), 5: (6, 2), 6: (7, 2), 7: (8, 2), 8: (9, 3)}
_INNER_WALLS = 0.25  # share of the inner places
_SLACK = 3  # moves that are granted for each one that the solution needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sokoban(World):
    """A room of walls `#`, goals `.` and boxes `$`; the player `@` pushes a box by walking into it.

    A reply is one or more of `U`, `D`, `L`, `R`, as `RRU`.  A wall stops the player, and so does a
    box with a wall or a box behind it.  A box on a goal is `*`, the player on a goal is `+`.  Level
    l needs l pushes, at least; levels 1 to 8 have 5 × 5 to 9 × 9 places with the outer walls, and
    1 to 3 boxes.  Every room can be solved, but a push can spoil it, and the play goes on.

    There are three times as many moves as in a solution with the fewest pushes, and the play ends
    after the last one.  The score is 1 for all boxes on goals, else 0; another reply ends the play.

    From level 1 to 8, random moves have .32, .09, .018, .011, .010, .002, .000 and .000 (2,000
    plays each, 500 at level 8); the expert has 1.00 (300 plays each, 200 at level 8).
    """

    levels: ClassVar[tuple[int, int]] = (1, 8)
    shown: ClassVar[frozenset[str]] = frozenset({"board"})
    alphabet: ClassVar[str] = "#@+$*. UDLR\n"
    rules: str = (
        "Sokoban. You are @; push every box $ onto a goal (.) by walking into it. # is a wall, * a "
        "box on a goal, + you on a goal. A box can't be pulled, and two can't be pushed. Reply "
        "with letters alone, one or more of U, D, L and R: RRU is right, right, up.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        room = _drawn(level, rng)
        board = room.shown()
        turns = _SLACK * len(solution(room) or "")
        info = {"world": "sokoban", "level": level, "turns": turns, "board": board}
        name = f"sokoban/{level}/{board[:-1]}".replace("\n", "/")
        return Task(id=name, prompt=f"{self.rules}{board}", info=info)

    def canonical(self, task: Task) -> str:
        return f"sokoban/{task.info['board']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        room, left = Room.read(task.info["board"]), task.info["turns"]
        observation: Prompt = task.prompt
        while left:
            found = move_in(await policy(observation, options=tuple(STEPS)), _MOVES)
            if found is None:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            moves = found[0].upper()[:left]
            left -= len(moves)
            for move in moves:
                room = room.moved(move)
                if room.solved:
                    return Verdict.binary(correct=True)
            observation = f"\n{room.shown()}"
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """A solution with the fewest pushes, one push per reply.

        In a room that a reply made in its place has spoiled, it makes random moves.
        """
        rows, spoiled = task.info["board"].count("\n"), False
        room = Room.read(task.info["board"])
        moves = solution(room) or ""

        async def push(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal room, moves, spoiled
            if len(options) == 1:
                return options[0]
            seen = Room.read("\n".join(str(observation).strip("\n").split("\n")[-rows:]))
            if seen != room and not spoiled:
                room, moves = seen, solution(seen) or ""
                spoiled = not moves
            if spoiled:
                return rng.choice([*STEPS])
            before, said = room.boxes, ""
            while moves and room.boxes == before:
                said, moves = said + moves[0], moves[1:]
                room = room.moved(said[-1])
            return said

        return push


def _drawn(level: int, rng: Random) -> Room:
    while True:
        found = pulled(_empty(level, rng), level, rng)
        if found is not None:
            return found


def _empty(level: int, rng: Random) -> Room:
    """A room with its boxes on the goals."""
    size, count = _SIZES[level]
    inner = [row * size + column for row in range(1, size - 1) for column in range(1, size - 1)]
    walls = {place for place in range(size * size) if place not in inner}
    walls |= set(rng.sample(inner, int(_INNER_WALLS * len(inner))))
    floor = [place for place in inner if place not in walls]
    goals = frozenset(rng.sample(floor, count))
    player = next(place for place in floor if place not in goals)
    return Room(size, frozenset(walls), goals, goals, player)
