"""Tic-tac-toe: three in a row, for two seats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import ClassVar

from whet.environments.game.zero_sum import forfeit, settle
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Prompt, Task

_CELL = re.compile(r"[1-9]")
_LINES = ("123", "456", "789", "147", "258", "369", "159", "357")
_EMPTY = "123456789"  # a free cell is its digit
_MARKS = "XO"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicTacToe(World):
    """Three marks in a row, column or diagonal win; nine cells, two seats.

    A reply is the digit of a free cell.  A seat sees the board before each of its moves: its own
    marks are `X`, the other's are `O`, and a free cell is its digit.  Level 1 begins with an empty
    board, level 2 after a random move of either seat.  `game` numbers the games, so that every
    split has as many as it wants.

    A seat's score is 1 for a won game, 0 for a draw and −1 for a lost one; a seat that replies
    anything else has lost.  At level 1 random players win .59 as first and .29 as second, and draw
    .13 (2,000 plays).  Against them the expert wins .99 as first, and .86 as second; it never loses
    (300 plays each).  Two experts draw.
    """

    levels: ClassVar[tuple[int, int]] = (1, 2)
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    alphabet: ClassVar[str] = "123456789XO\n"
    seats: ClassVar[tuple[str, ...]] = ("first", "second")
    rules: str = (
        "Tic-tac-toe. Three of your marks in a row, column or diagonal win. You are X. Reply with "
        "the digit of a free cell alone.\n"
    )  # put before a seat's first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        board = _EMPTY
        for turn, cell in enumerate(rng.sample(_EMPTY, 2 * (level - 1))):
            board = board.replace(cell, _MARKS[turn])
        info = {"world": "tic_tac_toe", "level": level, "turns": 5, "board": board}
        info |= {"game": rng.getrandbits(32)}
        name = f"tic_tac_toe/{board}/{info['game']}"
        return Task(id=name, prompt=f"{self.rules}{shown(board, 'X')}", info=info)

    def canonical(self, task: Task) -> str:
        return f"tic_tac_toe/{task.info['board']}/{task.info['game']}"

    async def play(self, task: Task, policy: Policy) -> None:
        board = task.info["board"]
        rules = str(task.prompt).removesuffix(shown(board, "X"))
        openings = {name: rules for name in self.seats}
        while not over(board):
            mark = mover(board)
            name = self.seats[_MARKS.index(mark)]
            observation = openings.pop(name, "\n") + shown(board, mark)
            reply = await policy.seat(name)(observation, options=free(board))
            found = move_in(reply, _CELL)
            if found is None or found[0] not in board:
                return forfeit(policy, self.seats, name)
            board = board.replace(found[0], mark)
        return settle(policy, self.seats, float(won(board, "X") - won(board, "O")))

    def expert(self, task: Task, rng: Random) -> Bot:
        """Minimax; it wins soon and loses late.

        Of moves that are as good, it makes one that leaves most to lose, and then draws lots.
        """
        del task

        async def best(observation: Prompt, options: Sequence[str]) -> str:
            board = str(observation)[-12:].replace("\n", "")
            mark, other = _perspective(board)
            board = board.replace("X", "x").replace("O", other).replace("x", mark)
            worth = {cell: _worth(board.replace(cell, mark)) for cell in options}
            most = max(worth.values())
            return rng.choice([cell for cell in options if worth[cell] == most])

        return best


def shown(board: str, mark: str) -> str:
    """The board in three lines, as the seat of a mark sees it."""
    seen = board if mark == "X" else board.translate(str.maketrans("XO", "OX"))
    return "".join(f"{seen[n : n + 3]}\n" for n in (0, 3, 6))


def free(board: str) -> tuple[str, ...]:
    """The digits of the cells that no mark has."""
    return tuple(cell for cell in _EMPTY if cell in board)


def mover(board: str) -> str:
    """The mark of the seat whose turn it is."""
    return "X" if board.count("X") == board.count("O") else "O"


def won(board: str, mark: str) -> bool:
    """True if a mark has three in a row."""
    return any(all(board[int(cell) - 1] == mark for cell in line) for line in _LINES)


def over(board: str) -> bool:
    """True if a seat has won, or no cell is free."""
    return won(board, "X") or won(board, "O") or not free(board)


@cache
def value(board: str) -> float:
    """What the board is worth to the seat whose turn it is, with best play; sooner is more."""
    mark = mover(board)
    if over(board):
        return -float(won(board, "XO"[mark == "X"]))
    return 0.9 * max(-value(board.replace(cell, mark)) for cell in free(board))


@cache
def _worth(board: str) -> tuple[float, float]:
    """What a board is worth to the seat that made it, at best play, and at random replies."""
    mark, cells = mover(board), () if over(board) else free(board)
    replies = [value(board.replace(cell, mark)) for cell in cells]
    return -value(board), sum(replies) / max(1, len(replies))


def _perspective(seen: str) -> tuple[str, str]:
    """The true marks of the seat that sees a board, and of the other: the second has fewer."""
    return ("X", "O") if seen.count("X") == seen.count("O") else ("O", "X")
