"""The tables of a database and their columns, as SQLite describes them."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """The column that a foreign key refers to; columns of one key have one number."""

    table: str  # in lower case
    column: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its type in upper case, and what it may hold."""

    name: str
    kind: str
    needed: bool
    key: bool  # a part of the primary key
    unique: bool  # by itself
    parent: ForeignKey | None


def tables_of(database: sqlite3.Connection) -> list[str]:
    """The names of the tables."""
    found = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in database.execute(found)]


def columns_of(database: sqlite3.Connection, table: str) -> list[Column]:
    """The columns of a table that can be filled."""
    links = _links(database, table)
    alone = _alone(database, table)
    described = database.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    keys = [name for _, name, _, _, _, key in described if key]
    alone |= {*keys} if len(keys) == 1 else set()
    return [
        Column(
            name=name,
            kind=kind.upper(),
            needed=bool(needed),
            key=bool(key),
            unique=name in alone,
            parent=links.get(name),
        )
        for _, name, kind, needed, _, key in described
    ]


def numbered(database: sqlite3.Connection, table: str) -> bool:
    """Whether SQLite numbers the rows of a table by a `rowid` that is no column of it."""
    described = database.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    keys = [kind.upper() for _, _, kind, _, _, key in described if key]
    if keys == ["INTEGER"] or any(name.lower() == "rowid" for _, name, *_ in described):
        return False
    try:
        database.execute(f"SELECT rowid FROM {quoted(table)} LIMIT 0")
    except sqlite3.OperationalError:  # WITHOUT ROWID
        return False
    return True


def parents_first(tables: Mapping[str, Sequence[Column]]) -> list[str]:
    """The tables in an order in which foreign keys refer back; in a circle, in any order."""
    done: list[str] = []
    waiting = list(tables)
    while waiting:
        open_ = {table.lower() for table in waiting}
        ready = [t for t in waiting if not (_needs(tables[t]) & open_) - {t.lower()}]
        done += ready or waiting
        waiting = [table for table in waiting if table not in done]
    return done


def quoted(name: str) -> str:
    """The name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _links(database: sqlite3.Connection, table: str) -> dict[str, ForeignKey]:
    """The foreign keys by their columns; one that names no column refers to the primary key."""
    found: dict[str, ForeignKey] = {}
    for number, place, parent, here, there, *_ in database.execute(
        f"PRAGMA foreign_key_list({quoted(table)})"
    ).fetchall():
        keys = database.execute(f"PRAGMA table_info({quoted(parent)})").fetchall()
        names = [row[1] for row in sorted(keys, key=lambda row: row[5]) if row[5]]
        column = there or (names[place] if place < len(names) else "")
        found[here] = ForeignKey(table=parent.lower(), column=column.lower(), number=number)
    return found


def _alone(database: sqlite3.Connection, table: str) -> set[str]:
    """The columns that are unique by themselves."""
    found: set[str] = set()
    for _, index, unique, *_ in database.execute(f"PRAGMA index_list({quoted(table)})").fetchall():
        columns = database.execute(f"PRAGMA index_info({quoted(index)})").fetchall()
        found |= {columns[0][2]} if unique and len(columns) == 1 else set()
    return found


def _needs(columns: Sequence[Column]) -> set[str]:
    return {column.parent.table for column in columns if column.parent}
