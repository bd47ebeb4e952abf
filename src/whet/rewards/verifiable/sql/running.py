"""Untrusted queries on our own databases, in worker processes: no torch."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

from whet.rewards.verifiable.sql.answers import QueryAnswer, Rows, answered, column_orders, plain
from whet.rewards.verifiable.sql.clauses import is_ordered, masked
from whet.rewards.verifiable.sql.computed import computed
from whet.rewards.verifiable.sql.constants import constants_of
from whet.rewards.verifiable.sql.instances import EMPTY, PROFILES, Profile, filled
from whet.rewards.verifiable.sql.schemas import readable
from whet.rewards.verifiable.sql.tables import columns_of, tables_of

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_BARRED = frozenset({"random", "randomblob", "load_extension", "readfile", "writefile", "edit"})
_TELLING = frozenset({"changes", "total_changes", "last_insert_rowid"})  # how a table was filled
_STEP = 1000  # instructions of SQLite's machine between two looks at their count
_LONGEST = 1 << 20  # bytes of a text or blob
_PATTERN = 200  # bytes of a pattern
_LARGEST = 1 << 23  # characters of an answer
_AT_ONCE = 200  # rows
_ROUNDS = 4  # of all profiles
_AGAIN = 3  # rounds with the constants of both queries
_MORE = 6  # rounds, while too few databases have rows
_THEIRS = 500_000  # added to the seeds of databases with another query's constants


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


Trial = tuple[sqlite3.Connection, QueryAnswer]


class Refused(Exception):
    """A query that does more than read."""


class Slow(Exception):
    """A query that takes too many steps, or returns too many rows."""


class Unanswered(Exception):
    """A question whose own query fails, returns nothing too often, or always the same."""


def compared(question: Question, query: str) -> QueryResult:
    """Compare a query with the right one on every database.  Raises `Unanswered`."""
    own = trials(question)
    try:
        for several in (own, _further(question, query)):
            for database, wanted in several:
                rows, width = selected(database, query, question)
                if not wanted.agrees(rows, width, question.orders):
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
    """The number of databases of a question.  Raises `Unanswered`."""
    return len(trials(question))


@lru_cache(maxsize=16)
def trials(question: Question) -> tuple[Trial, ...]:
    """Databases with the right query's answers; most have rows, some are empty.

    Raises `Unanswered` where that query fails, where it returns rows on fewer than `instances`
    databases, and where all of its answers are the same: anything would agree with it.
    """
    found = [*_tried(question, "", (*PROFILES * _ROUNDS, EMPTY), question.seed)]
    for more in range(_MORE):
        if _telling(found) >= question.instances:
            break
        found += _tried(question, "", PROFILES, question.seed + 1000 * (more + 1))
    with_rows = sum(wanted.count > 0 for _, wanted in found)
    if with_rows < question.instances:
        said = f"finds rows in {with_rows} of {question.instances} databases only"
        raise Unanswered(f"its own query {said}")
    if _telling(found) < question.instances:
        raise Unanswered("its own query has nearly always the same answer")
    return tuple(found)


def _telling(found: list[Trial]) -> int:
    """The databases with rows whose answer is not the most frequent one, and one more."""
    answers = Counter(repr(wanted.runs) for _, wanted in found if wanted.count)
    return answers.total() - max(answers.values(), default=0) + 1 if answers else 0


def _tried(
    question: Question, query: str, profiles: tuple[Profile, ...], seed: int
) -> Iterator[Trial]:
    """Databases for both queries, with the right answers; slow ones are left out."""
    for place, profile in enumerate(profiles):
        try:
            queries = f"{_told(question.gold, question)}\n;\n{_told(query, question)}"
            database = filled(question.schema, question.rows, queries, seed + place, profile)
            yield (
                database,
                answered(question.gold, lambda text, on=database: selected(on, text, question)),
            )
        except Slow as slow:
            if place == 0:
                raise Unanswered(str(slow)) from slow
        except (sqlite3.Error, sqlite3.Warning, Refused, OverflowError, ValueError) as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error


def _further(question: Question, query: str) -> Iterator[Trial]:
    """Databases with the constants of both queries, where the other one has some of its own.

    There are fewer of them, or none, where the other's constants make the right query fail.
    """
    names = _words(question.gold) | _words(query)
    both = (_told(text, question) for text in (question.gold, query))
    ours, theirs = (constants_of(text, names) for text in both)
    known = {one for several in ours.near.values() for one in several} | {*ours.loose}
    others = {one for several in theirs.near.values() for one in several} | {*theirs.loose}
    if others - known or theirs.equal - ours.equal or theirs.group > ours.group:
        try:
            yield from _tried(question, query, PROFILES * _AGAIN, question.seed + _THEIRS)
        except Unanswered:  # the right query has answers on its own databases
            return


@lru_cache(maxsize=256)
def _told(query: str, question: Question) -> str:
    """The query, and once more with the values that it computes from constants."""
    with closing(sqlite3.connect(":memory:")) as nothing:

        def read(text: str) -> tuple[Rows, int]:
            try:
                return selected(nothing, text, question)
            except (Refused, Slow) as barred:
                raise ValueError from barred

        found = computed(query, _columns(question.schema), read)
    return f"{query}\n;\n{found}" if found else query


@lru_cache(maxsize=64)
def _columns(schema: str) -> frozenset[str]:
    """The names of all columns, in lower case."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(readable(schema))
        tables = (columns_of(database, table) for table in tables_of(database))
        return frozenset(one.name.lower() for several in tables for one in several)


def _words(query: str) -> set[str]:
    return set(masked(query).lower().replace("(", " ").replace(".", " ").replace(",", " ").split())


def answer(path: str, query: str, question: Question) -> Rows:
    """The rows of one SELECT on a file that is opened for reading only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return selected(database, query, question)[0]


def selected(database: sqlite3.Connection, query: str, question: Question) -> tuple[Rows, int]:
    """The rows of one SELECT, and the number of its columns; nothing can be written meanwhile."""
    _one_select(query)
    spent, refused = 0, list[str]()

    def tick() -> bool:
        nonlocal spent
        spent += _STEP
        return spent > question.steps

    def permit(action: int, first: str | None, second: str | None, *_: object) -> int:
        name = (second or "").casefold()
        if action in _READING and not (
            action == sqlite3.SQLITE_FUNCTION and name in _BARRED | _TELLING
        ):
            return sqlite3.SQLITE_OK
        refused.append(f"action {action} on {first or second}")
        return sqlite3.SQLITE_DENY

    _limited(database)
    database.set_progress_handler(tick, _STEP)
    database.set_authorizer(permit)
    try:
        return _fetched(database, query, question.most)
    except sqlite3.DatabaseError as error:
        if refused:
            raise Refused(refused[0]) from error
        if spent > question.steps:
            raise Slow(f"more than {question.steps} steps") from error
        raise
    finally:
        database.set_authorizer(None)
        database.set_progress_handler(None, 0)


def _limited(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA query_only = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    database.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _PATTERN)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.text_factory = _decoded


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _fetched(database: sqlite3.Connection, query: str, most: int) -> tuple[Rows, int]:
    rows, size = Rows(), 0
    with closing(database.execute(query)) as cursor:
        while several := cursor.fetchmany(_AT_ONCE):
            rows += several
            size += sum(len(x) for row in several for x in row if isinstance(x, str | bytes))
            if len(rows) > most:
                raise Slow(f"more than {most} rows")
            if size > _LARGEST:
                raise Slow(f"more than {_LARGEST} characters in its rows")
        return rows, len(cursor.description or ())


def _one_select(query: str) -> None:
    """Raises `Refused` for other statements than SELECT; SQLite accepts only one by itself."""
    words = masked(query).split(None, 1)
    if not words or words[0].strip("(").casefold() not in ("select", "with"):
        raise Refused(f"it begins with {words[0][:20] if words else 'nothing'!r}, not with SELECT")


def agree(wanted: Rows, got: Rows, question: Question) -> bool:
    """Whether the rows are equal: in order where the right query sorts them, else as multisets."""
    if len(wanted) != len(got) or [*map(len, wanted[:1])] != [*map(len, got[:1])]:
        return False
    ours, theirs = [plain(row) for row in wanted], [plain(row) for row in got]
    ordered = is_ordered(question.gold)
    for order in column_orders(len(ours[0]) if ours else 0, question.orders):
        turned = [tuple(row[i] for i in order) for row in theirs]
        if turned == ours if ordered else Counter(turned) == Counter(ours):
            return True
    return False
