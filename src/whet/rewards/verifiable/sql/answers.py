"""The answer of a right query: which results of another query are equal to it."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from whet.rewards.verifiable.sql.clauses import clauses

Rows = list[tuple[object, ...]]
Read = Callable[[str], tuple[Rows, int]]
"""Runs a query; returns its rows, and the number of its columns."""

_DIGITS = 12  # of a number with a fraction that count
_TINY = 1e-12
_WIDEST = 7  # columns, to be tried in every order


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """The rows of a right query, in runs of rows whose order it does not settle.

    A run is `(rows, taken)`: LIMIT may take only some rows of the first and of the last run, and
    these may be any.  A query without ORDER BY has one run.
    """

    width: int
    runs: tuple[tuple[Counter[tuple[object, ...]], int], ...]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(taken for _, taken in self.runs)

    def agrees(self, rows: Rows, width: int, orders: int) -> bool:
        """Whether rows of another query are this answer; `orders` > 1 allows columns to change
        places.
        """
        if width != self.width or len(rows) != self.count:
            return False
        theirs = [plain(row) for row in rows]
        return any(
            self._fits([tuple(row[i] for i in order) for row in theirs])
            for order in column_orders(width, orders)
        )

    def _fits(self, rows: Rows) -> bool:
        begin = 0
        for held, taken in self.runs:
            part = Counter(rows[begin : begin + taken])
            if not (part == held if taken == held.total() else part <= held):
                return False
            begin += taken
        return True


def answered(query: str, read: Read) -> QueryAnswer:
    """The answer of a right query.

    Rows that its ORDER BY leaves tied are found by sorting once more by every column, once upwards
    and once downwards: a run ends where both orders have had the same rows.
    """
    rows, width = read(query)
    mine, parts = [plain(row) for row in rows], clauses(query)
    strict = QueryAnswer(width=width, runs=tuple((Counter([row]), 1) for row in mine))
    if not parts.readable:
        return strict
    if not parts.order and parts.limit is None:
        return QueryAnswer(width=width, runs=((Counter(mine), len(mine)),) if mine else ())
    try:
        up, down = (
            [plain(row) for row in read(parts.sorted_by(_columns(width, way)))[0]]
            for way in ("", " DESC")
        )
    except sqlite3.Error:
        return strict
    runs = _tied(up, down) if parts.order else [Counter(up)]
    first, most = parts.limit or (0, len(up))
    found = QueryAnswer(width=width, runs=tuple(_window(runs, first, most)))
    return found if found.agrees(rows, width, 1) else strict


def _columns(width: int, way: str) -> str:
    return ", ".join(f"{place + 1}{way}" for place in range(width))


def _tied(up: Rows, down: Rows) -> Iterator[Counter[tuple[object, ...]]]:
    """The shortest runs that hold the same rows in both orders."""
    open_: Counter[tuple[object, ...]] = Counter()
    run: Counter[tuple[object, ...]] = Counter()
    for one, other in zip(up, down, strict=True):
        run[one] += 1
        open_[one] += 1
        open_[other] -= 1
        open_ = Counter({row: count for row, count in open_.items() if count})
        if not open_:
            yield run
            run = Counter()


def _window(
    runs: Iterator[Counter[tuple[object, ...]]] | list[Counter[tuple[object, ...]]],
    first: int,
    most: int,
) -> Iterator[tuple[Counter[tuple[object, ...]], int]]:
    """The runs in a window; equal rows of a run are as many as the window takes of it."""
    begin = 0
    for run in runs:
        end = begin + run.total()
        taken = min(end, first + most) - max(begin, first)
        if taken > 0:
            yield (run if len(run) > 1 else Counter({row: taken for row in run})), taken
        begin = end


def column_orders(width: int, orders: int) -> Iterator[Sequence[int]]:
    """The orders of columns that are allowed."""
    if orders == 1 or width > _WIDEST:
        return iter((range(width),))
    return permutations(range(width))


def plain(row: tuple[object, ...]) -> tuple[object, ...]:
    """The row with numbers by value: 2 equals 2.0, and not '2'.  Fractions have twelve digits."""
    return tuple(
        _number(x) if isinstance(x, float) else x if isinstance(x, int) else (x,) for x in row
    )


def _number(value: float) -> int | float:
    if abs(value) < _TINY:
        return 0
    rounded = float(f"{value:.{_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded
