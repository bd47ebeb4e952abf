"""Connect four: discs dropped into columns, for two seats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from random import Random
from typing import ClassVar, NamedTuple

from whet.environments.game.zero_sum import forfeit, settle
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Prompt, Task

_COLUMN = re.compile(r"[1-9]")
_SIZES = {1: (5, 4), 2: (6, 5), 3: (7, 6)}  # columns, rows
_DEPTH = 4  # moves that the expert looks ahead
_WON = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFour(World):
    """Four discs in a row, column or diagonal win; a disc falls to the lowest free row.

    A reply is the digit of a column that is not full, the leftmost being 1.  A seat sees the board
    before each of its moves: its own discs are `X`, the other's are `O`, free places are `.`.
    Levels 1, 2 and 3 have 5 × 4, 6 × 5 and 7 × 6 places.  `game` numbers the games, so that every
    split has as many as it wants.

    A seat's score is 1 for a won game, 0 for a draw and −1 for a lost one; a seat that replies
    anything else has lost.  By level, random players win .44, .54 and .58 as first, and .31, .41
    and .42 as second (1,000 plays each).  Against them the expert wins .90, .99 and 1.00 as first,
    and .86, 1.00 and 1.00 as second (200, 100 and 60 plays each).
    """

    levels: ClassVar[tuple[int, int]] = (1, 3)
    bounds: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    alphabet: ClassVar[str] = "123456789XO.\n"
    seats: ClassVar[tuple[str, ...]] = ("first", "second")
    rules: str = (
        "Connect four. Discs fall to the lowest free row of a column; four of yours in a row, "
        "column or diagonal win. You are X. Reply with the number of a column alone, from 1 at "
        "the left.\n"
    )  # put before a seat's first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        columns, rows = _SIZES[level]
        info = {"world": "connect_four", "level": level, "turns": (columns * rows + 1) // 2}
        info |= {"columns": columns, "rows": rows, "game": rng.getrandbits(32)}
        return Task(
            id=f"connect_four/{level}/{info['game']}",
            prompt=f"{self.rules}{Board(columns, rows).shown()}",
            info=info,
        )

    def canonical(self, task: Task) -> str:
        return f"connect_four/{task.info['level']}/{task.info['game']}"

    async def play(self, task: Task, policy: Policy) -> None:
        board = Board(task.info["columns"], task.info["rows"])
        openings = {name: str(task.prompt).removesuffix(board.shown()) for name in self.seats}
        while board.free():
            name = self.seats[board.moves % 2]
            observation = openings.pop(name, "\n") + board.shown()
            reply = await policy.seat(name)(observation, options=board.free())
            found = move_in(reply, _COLUMN)
            if found is None or found[0] not in board.free():
                return forfeit(policy, self.seats, name)
            board = board.dropped(int(found[0]) - 1)
            if board.lost():
                return settle(policy, self.seats, 1.0 if name == self.seats[0] else -1.0)
        return settle(policy, self.seats, 0.0)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Alpha-beta to a depth of four moves; lots are drawn between moves that are as good."""
        rows = task.info["rows"]

        async def best(observation: Prompt, options: Sequence[str]) -> str:
            board = Board.read(str(observation).strip("\n").split("\n")[-rows:])
            worth = {
                one: -_value(board.dropped(int(one) - 1), _DEPTH - 1, -inf, inf) for one in options
            }
            most = max(worth.values())
            return rng.choice([one for one in options if worth[one] == most])

        return best


class Board(NamedTuple):
    """A board, as two sets of bits: discs of the seat whose turn it is, and of the other.

    The place in column c and row r, from the bottom, is bit c · (rows + 1) + r; the topmost bit of
    a column stays empty, so that no line runs from one column into the next.
    """

    columns: int
    rows: int
    mine: int = 0
    others: int = 0

    @classmethod
    def read(cls, lines: Sequence[str]) -> "Board":
        """The board that a seat sees."""
        rows, bits = len(lines), {"X": 0, "O": 0, ".": 0}
        for row, line in enumerate(reversed(lines)):
            for column, disc in enumerate(line):
                bits[disc] |= 1 << column * (rows + 1) + row
        return cls(len(lines[0]), rows, bits["X"], bits["O"])

    @property
    def moves(self) -> int:
        """The number of discs."""
        return (self.mine | self.others).bit_count()

    def shown(self) -> str:
        """The rows, the uppermost first."""
        places = range(self.columns)
        rows = ("".join(self._disc(c, r) for c in places) for r in reversed(range(self.rows)))
        return "".join(f"{row}\n" for row in rows)

    def free(self) -> tuple[str, ...]:
        """The columns that are not full."""
        top = (c * (self.rows + 1) + self.rows - 1 for c in range(self.columns))
        taken = self.mine | self.others
        return tuple(str(c + 1) for c, bit in enumerate(top) if not taken >> bit & 1)

    def dropped(self, column: int) -> "Board":
        """The board after a disc of the seat whose turn it is; then it is the other's turn."""
        taken = self.mine | self.others
        lowest = taken + (1 << column * (self.rows + 1)) & ~taken
        here = lowest & ((1 << self.rows + 1) - 1) << column * (self.rows + 1)
        return self._replace(mine=self.others, others=self.mine | here)

    def lost(self) -> bool:
        """True if the other seat, which has just moved, has four in a line."""
        for step in (1, self.rows, self.rows + 1, self.rows + 2):
            pairs = self.others & self.others >> step
            if pairs & pairs >> 2 * step:
                return True
        return False

    def threats(self, discs: int) -> int:
        """The free places, as bits, where one more disc makes four in a line with these."""
        found = 0
        for step in (1, self.rows, self.rows + 1, self.rows + 2):
            one, two, three = discs >> step, discs >> 2 * step, discs >> 3 * step
            found |= one & two & three  # the place before three
            found |= (discs & two & three) << step
            found |= (discs & one & three) << 2 * step
            found |= (discs & one & two) << 3 * step
        column = (1 << self.rows) - 1
        places = sum(column << c * (self.rows + 1) for c in range(self.columns))
        return found & places & ~(self.mine | self.others)

    def _disc(self, column: int, row: int) -> str:
        bit = column * (self.rows + 1) + row
        return "X" if self.mine >> bit & 1 else "O" if self.others >> bit & 1 else "."


def _value(board: Board, depth: int, low: float, high: float) -> float:
    """What a board is worth to the seat whose turn it is, by alpha-beta."""
    if board.lost():
        return -_WON - depth
    if not depth or not board.free():
        return float(_promise(board))
    for column in board.free():
        low = max(low, -_value(board.dropped(int(column) - 1), depth - 1, -high, -low))
        if low >= high:
            break
    return low


def _promise(board: Board) -> int:
    """Threats count most; then discs in the middle columns, where more lines meet."""
    mine, others = board.threats(board.mine), board.threats(board.others)
    stride = board.rows + 1
    middle = ((1 << stride) - 1) << (board.columns - 1) // 2 * stride
    centre = (board.mine & middle).bit_count() - (board.others & middle).bit_count()
    return 4 * (mine.bit_count() - others.bit_count()) + centre
