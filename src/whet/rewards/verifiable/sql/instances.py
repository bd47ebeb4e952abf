"""Random databases from a schema and the constants of a query, in worker processes."""

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

_LITERAL = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(?<![\w.])(\d+(?:\.\d+)?)(?![\w.])""")
_WORDS = ("ada", "bo", "cy", "dee", "eli", "fay", "gus", "hal")
_NULLS = 0.1  # of the cells that may be NULL
_OFTEN = 0.5  # a cell gets a constant of the query, where one fits
_TRIES = 20  # for a row that every constraint admits


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, as SQLite describes it."""

    name: str
    kind: str
    needed: bool
    key: bool
    parent: tuple[str, str] | None  # the table and column that it refers to


def filled(schema: str, rows: int, query: str, seed: int) -> sqlite3.Connection:
    """A database in memory with this schema, and about `rows` rows in every table.

    Values repeat often, so that joins and groups have matches.  Half of them are constants of the
    query or their neighbours, so that some rows meet its conditions and others do not.
    """
    database = sqlite3.connect(":memory:")
    database.executescript(schema)
    tables = {table: _columns(database, table) for table in _tables(database)}
    names = {*tables, *(column.name for several in tables.values() for column in several)}
    rng, constants = Random(seed), _constants(query, {name.lower() for name in names})
    for table in _parents_first(tables):
        for index in range(max(1, rows + rng.randint(-2, 2))):
            _insert(database, table, tables[table], (rng, constants, index))
    database.commit()
    return database


def _constants(query: str, names: Collection[str]) -> tuple[list[str], list[float]]:
    """Texts and numbers.  SQLite takes `"Bob"` for a text if no table or column has that name."""
    texts, numbers = [], []
    for single, double, number in _LITERAL.findall(query):
        if number:
            value = float(number) if "." in number else int(number)
            numbers += [value, value + 1, value - 1]
        elif double.lower() not in names:
            text = double.replace('""', '"') or single.replace("''", "'")
            texts.append(text.strip("%"))
    return texts, numbers


def _tables(database: sqlite3.Connection) -> list[str]:
    found = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in database.execute(found)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _columns(database: sqlite3.Connection, table: str) -> list[Column]:
    links = database.execute(f"PRAGMA foreign_key_list({_quoted(table)})").fetchall()
    parents = {link[3]: (link[2], link[4] or "") for link in links}
    described = database.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    return [
        Column(
            name=name,
            kind=kind.upper(),
            needed=bool(needed),
            key=bool(key),
            parent=parents.get(name),
        )
        for _, name, kind, needed, _, key in described
    ]


def _parents_first(tables: Mapping[str, Sequence[Column]]) -> list[str]:
    done: list[str] = []
    waiting = list(tables)
    while waiting:
        ready = [t for t in waiting if not _needs(tables[t]) & set(waiting) - {t}]
        done += ready or waiting  # in a circle, any order will do
        waiting = [t for t in waiting if t not in done]
    return done


def _needs(columns: Sequence[Column]) -> set[str]:
    return {column.parent[0] for column in columns if column.parent}


def _insert(
    database: sqlite3.Connection,
    table: str,
    columns: Sequence[Column],
    source: tuple[Random, tuple[list[str], list[float]], int],
) -> None:
    """Insert a row that satisfies all constraints, if one is found within a few tries."""
    marks = ", ".join("?" * len(columns))
    names = ", ".join(_quoted(c.name) for c in columns)
    for _ in range(_TRIES):
        values = [_value(database, column, source) for column in columns]
        try:
            database.execute(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})", values)
        except sqlite3.IntegrityError:
            continue
        return


def _value(
    database: sqlite3.Connection,
    column: Column,
    source: tuple[Random, tuple[list[str], list[float]], int],
) -> object:
    rng, constants, index = source
    if column.parent:
        table, name = column.parent
        known = database.execute(
            f"SELECT {_quoted(name or column.name)} FROM {_quoted(table)}"
        ).fetchall()
        return rng.choice(known)[0] if known else None
    if column.key and "INT" in column.kind:
        return index + 1
    if not (column.needed or column.key) and rng.random() < _NULLS:
        return None
    return _cell(column.kind, rng, constants)


def _cell(kind: str, rng: Random, constants: tuple[list[str], list[float]]) -> object:
    texts, numbers = constants
    if any(word in kind for word in ("CHAR", "TEXT", "CLOB")) or not kind:
        if texts and rng.random() < _OFTEN:
            return rng.choice(texts)
        return rng.choice(_WORDS)
    if "DATE" in kind or "TIME" in kind:
        if texts and rng.random() < _OFTEN:
            return rng.choice(texts)
        return f"20{rng.randint(18, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    value = rng.choice(numbers) if numbers and rng.random() < _OFTEN else rng.randint(0, 9)
    return int(value) if "INT" in kind or "BOOL" in kind else value + rng.choice((0, 0.5))
