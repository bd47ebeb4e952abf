"""Minesweeper: all safe cells are opened, by what the numbers say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

from whet.environments.game.minesweeper.logic import Field, pairs, singles, solved
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Reply, Task, Verdict

_MOVE = re.compile(r"(open|flag) ([1-9]) ([1-9])", re.ASCII | re.IGNORECASE)
_SIZES = {1: (4, 3), 2: (5, 5), 3: (6, 8), 4: (8, 14)}  # cells in a row, mines
_LOGIC = {1: singles, 2: singles, 3: pairs, 4: pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Minesweeper(World):
    """A square of n × n cells with m mines; a first cell is open, and a number counts the mines
    next to it.

    A reply is `open r c` or `flag r c`, with row and column from 1.  Around a 0, shown as `.`, all
    cells are opened, too.  A flag `F` on a closed cell `#` is a mark that a second one takes away;
    it changes nothing else.  Levels 1 to 4 have (n, m) = (4, 3), (5, 5), (6, 8) and (8, 14).  No
    board needs a guess: at levels 1 and 2 the numbers solve it one by one, above by pairs.  There
    are as many turns as closed cells at the beginning.

    The score is 1 once all safe cells are open, else 0; opening a mine ends the play, and so does
    opening an open cell, or another reply.  Besides, a reply that opens a cell which is safe by the
    numbers has the turn reward 1/s, of s safe cells that were closed at the beginning.  `options`
    are the cells to open.

    By level, random openings have .16, .025, .001 and .000 (2,000 plays each, 500 at level 4); the
    expert has 1.00 (200 plays each, 60 at level 4).
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    alphabet: ClassVar[str] = "0123456789#.Fopenflag \n"
    rules: str = (
        "Minesweeper. Open all cells without a mine. A number counts the mines among the up to "
        "eight cells around it, . is none, # is a closed cell, and F a flag of yours. Reply with "
        "`open r c` or `flag r c` alone: row and column, from 1 at the top and the left.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        field, first = _drawn(rng, level)
        seen = field.opened(first, frozenset())
        turns = field.size**2 - len(seen)
        info = {"world": "minesweeper", "level": level, "turns": turns, "size": field.size}
        info |= {"mines": sorted(field.mines), "first": first}
        return Task(
            id=f"minesweeper/{level}/{first}/{'.'.join(map(str, info['mines']))}",
            prompt=f"{self.rules}{shown(field, seen, frozenset())}",
            info=info,
        )

    def canonical(self, task: Task) -> str:
        info = task.info
        return f"minesweeper/{info['size']}/{info['first']}/{list(info['mines'])}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        field, seen = _begun(task)
        flags: frozenset[int] = frozenset()
        reward = 1 / (field.size**2 - len(field.mines) - len(seen))
        rewards: list[float] = []
        observation: Prompt = task.prompt
        for _ in range(task.info["turns"]):
            reply = await policy(observation, options=_options(field, seen))
            rewards.append(0.0)
            move = _move(reply, field, seen)
            if move is None:
                illegal = Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
                return replace(illegal, turn_rewards=tuple(rewards))
            word, cell = move
            if word == "flag":
                flags ^= {cell}
            elif cell in field.mines:
                return Verdict.points(0, correct=False, turn_rewards=rewards)
            else:
                rewards[-1] = reward * (cell in pairs(field.groups(seen))[0])
                seen = field.opened(cell, seen)
            if len(seen) + len(field.mines) == field.size**2:
                return Verdict.points(1, correct=True, turn_rewards=rewards)
            observation = f"\n{shown(field, seen, flags)}"
        return Verdict.points(0, correct=False, turn_rewards=rewards, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Opens cells that are safe by the numbers, until all are open."""
        field, _ = _begun(task)

        async def sweep(observation: Prompt, options: Sequence[str]) -> str:
            del options
            cells = "".join(str(observation).strip("\n").split("\n")[-field.size :])
            seen = frozenset(cell for cell, sign in enumerate(cells) if sign not in "#F")
            safe, _ = pairs(field.groups(seen))  # of which only open numbers are asked
            return _opening(field, rng.choice(sorted(safe)))

        return sweep


def shown(field: Field, seen: frozenset[int], flags: frozenset[int]) -> str:
    """The board in lines."""
    cells = "".join(
        ("." if not field.number(c) else str(field.number(c)))
        if c in seen
        else ("F" if c in flags else "#")
        for c in range(field.size**2)
    )
    rows = (cells[n : n + field.size] for n in range(0, len(cells), field.size))
    return "".join(f"{row}\n" for row in rows)


def _drawn(rng: Random, level: int) -> tuple[Field, int]:
    """A field that needs no guess after its first cell, which is a 0."""
    size, mines = _SIZES[level]
    while True:
        field = Field(size, frozenset(rng.sample(range(size**2), mines)))
        zeros = [c for c in range(size**2) if c not in field.mines and not field.number(c)]
        if not zeros:
            continue
        first = rng.choice(zeros)
        seen = field.opened(first, frozenset())
        if len(seen) + mines < size**2 and solved(field, seen, _LOGIC[level]):
            return field, first


def _begun(task: Task) -> tuple[Field, frozenset[int]]:
    field = Field(task.info["size"], frozenset(task.info["mines"]))
    return field, field.opened(task.info["first"], frozenset())


def _options(field: Field, seen: frozenset[int]) -> tuple[str, ...]:
    return tuple(_opening(field, cell) for cell in range(field.size**2) if cell not in seen)


def _opening(field: Field, cell: int) -> str:
    row, column = divmod(cell, field.size)
    return f"open {row + 1} {column + 1}"


def _move(reply: Reply, field: Field, seen: frozenset[int]) -> tuple[str, int] | None:
    """The word and the closed cell of a legal reply."""
    found = move_in(reply, _MOVE)
    if found is None or max(int(found[2]), int(found[3])) > field.size:
        return None
    cell = (int(found[2]) - 1) * field.size + int(found[3]) - 1
    return None if cell in seen else (found[1].lower(), cell)
