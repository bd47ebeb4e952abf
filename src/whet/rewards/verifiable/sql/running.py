"""Untrusted queries on our own databases, in worker processes: no torch."""

import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from whet.rewards.verifiable.sql.instances import filled

Rows = list[tuple[object, ...]]

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_BARRED = frozenset({"random", "randomblob", "load_extension", "readfile", "writefile", "edit"})
_STEP = 1000  # instructions of SQLite's machine between two looks at their count
_LONGEST = 1 << 20  # bytes of a text or blob
_DIGITS = 9  # of a number that count
_WIDEST = 7  # columns, to be tried in every order
_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_ATTEMPTS = 8  # databases tried for each that is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A right query, and the settings of the databases on which others are compared with it."""

    schema: str
    gold: str
    seed: int
    rows: int
    instances: int
    steps: int
    most: int
    orders: int = 1  # of columns: 1 their own, more: any


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of a comparison: a word of `Reason`, and whether the query ran."""

    reason: str
    executes: bool = False
    note: str = ""


class Refused(Exception):
    """A query that does more than read."""


class Slow(Exception):
    """A query that takes too many steps or returns too many rows."""


class Unanswered(Exception):
    """A question whose own query fails, or returns nothing on too many databases."""


def compared(question: Question, query: str) -> QueryResult:
    """Compare a query with the right one on every database.  Raises `Unanswered`."""
    try:
        for path, wanted in _databases(question):
            got = answer(path, query, question)
            if not agree(wanted, got, question):
                return QueryResult(reason="wrong", executes=True, note="another result")
    except Refused as refused:
        return QueryResult(reason="unsafe", note=str(refused))
    except Slow as slow:
        return QueryResult(reason="timeout", note=str(slow))
    except MemoryError:
        return QueryResult(reason="timeout", note="more memory than there is")
    except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
        return QueryResult(reason="wrong", note=f"{type(error).__name__}: {error}"[:200])
    return QueryResult(reason="ok", executes=True)


def asked(question: Question) -> int:
    """The number of databases on which the right query returns rows.  Raises `Unanswered`."""
    return sum(1 for _ in _databases(question))


def _databases(question: Question) -> Iterator[tuple[str, Rows]]:
    """Database files with the right query's rows; databases without such rows are left out."""
    found = 0
    with tempfile.TemporaryDirectory(prefix="whet-sql-") as folder:
        for attempt in range(_ATTEMPTS * question.instances):
            path = str(Path(folder, f"{attempt}.db"))
            wanted = _right(question, path, question.seed + attempt)
            if wanted:
                found += 1
                yield path, wanted
            if found == question.instances:
                return
    raise Unanswered(f"its own query finds rows in {found} of {question.instances} databases only")


def _right(question: Question, path: str, seed: int) -> Rows:
    try:
        database = filled(question.schema, question.rows, question.gold, seed)
        with closing(database), closing(sqlite3.connect(path)) as file:
            database.backup(file)
        return answer(path, question.gold, question)
    except (sqlite3.Error, sqlite3.Warning, Slow, Refused) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from error


def answer(path: str, query: str, question: Question) -> Rows:
    """The rows of one SELECT on a file that is opened for reading only."""
    _one_select(query)
    spent = 0

    def tick() -> bool:
        nonlocal spent
        spent += _STEP
        return spent > question.steps

    refused: list[str] = []

    def permit(action: int, first: str | None, second: str | None, *_: object) -> int:
        name = (second or "").casefold()
        if action in _READING and not (action == sqlite3.SQLITE_FUNCTION and name in _BARRED):
            return sqlite3.SQLITE_OK
        refused.append(f"action {action} on {first or second}")
        return sqlite3.SQLITE_DENY

    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA query_only = ON")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.set_progress_handler(tick, _STEP)
        database.set_authorizer(permit)
        database.text_factory = lambda raw: raw.decode(errors="replace")
        try:
            rows = database.execute(query).fetchmany(question.most + 1)
        except sqlite3.DatabaseError as error:
            if refused:
                raise Refused(refused[0]) from error
            if spent > question.steps:
                raise Slow(f"more than {question.steps} steps") from error
            raise
    if len(rows) > question.most:
        raise Slow(f"more than {question.most} rows")
    return rows


def _one_select(query: str) -> None:
    """Raises `Refused` for other statements than SELECT; SQLite accepts only one by itself."""
    words = bare(query).split(None, 1)
    if not words or words[0].strip("(").casefold() not in ("select", "with"):
        raise Refused(f"it begins with {words[0][:20] if words else 'nothing'!r}, not with SELECT")


def bare(query: str) -> str:
    """The query without comments, strings and quoted names."""
    return _SKIPPED.sub(lambda hit: " '' " if hit[0][0] in "'\"" else " ", query)


def is_ordered(query: str) -> bool:
    """Whether the outermost SELECT has ORDER BY."""
    depth, outer = 0, []
    for sign in bare(query):
        depth += (sign == "(") - (sign == ")")
        outer.append(sign if depth == 0 else " ")
    return re.search(r"\border\s+by\b", "".join(outer), re.IGNORECASE) is not None


def agree(wanted: Rows, got: Rows, question: Question) -> bool:
    """Whether the rows are equal: in order where the right query sorts them, else as multisets."""
    if len(wanted) != len(got) or len(wanted[0]) != len(got[0]):
        return False
    width, ordered = len(wanted[0]), is_ordered(question.gold)
    ours = [_row(row) for row in wanted]
    theirs = [_row(row) for row in got]
    for order in _orders(width, question.orders):
        turned = [tuple(row[i] for i in order) for row in theirs]
        if turned == ours if ordered else Counter(turned) == Counter(ours):
            return True
    return False


def _orders(width: int, orders: int) -> Iterator[Sequence[int]]:
    if orders == 1 or width > _WIDEST:
        return iter((range(width),))
    return permutations(range(width))


def _row(row: tuple[object, ...]) -> tuple[object, ...]:
    """The row with numbers by value, to nine digits: 2 equals 2.0, and not '2'."""
    return tuple(f"{x:.{_DIGITS}g}" if isinstance(x, (int, float)) else (x,) for x in row)
