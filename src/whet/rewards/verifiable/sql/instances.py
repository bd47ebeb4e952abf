"""Random databases for a schema and the queries on it, in worker processes: no torch."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from whet.rewards.verifiable.sql.constants import Constants, checks_of, constants_of
from whet.rewards.verifiable.sql.schemas import readable
from whet.rewards.verifiable.sql.tables import (
    Column,
    columns_of,
    numbered,
    parents_first,
    quoted,
    tables_of,
)
from whet.rewards.verifiable.sql.values import Cell, ColumnSource

_TRIES = 8  # for a row that every constraint admits
_LOOSE = 0.3  # of the cells that may be joined with others have values of their own
_DRAWN = 40  # values of a column, of which a database has some


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a database looks: its tables have `least` to `most` rows, as shares of the usual."""

    least: float = 0.4
    most: float = 1.2
    nulls: float = 0.15  # of the cells that may be NULL
    near: float = 0.6  # of the cells, with a constant of the queries or its neighbour
    kinds: int = 0  # different values of a column; 0 for no limit


PROFILES = (
    Profile(),
    Profile(nulls=0.0, near=0.8),
    Profile(kinds=3, near=0.8, nulls=0.1),
    Profile(least=0.1, most=0.3, near=0.9),
    Profile(near=0.9, nulls=0.0, kinds=6),
    Profile(least=2.0, most=3.0, nulls=0.05, near=0.5, kinds=5),
    Profile(least=0.0, most=0.2, near=0.9, kinds=4),
    Profile(kinds=2, near=0.9, nulls=0.0),
    Profile(kinds=2, near=0.9, nulls=0.3),
)
EMPTY = Profile(least=0.0, most=0.0)
"""Tables without rows."""


def filled(schema: str, rows: int, queries: str, seed: int, profile: Profile) -> sqlite3.Connection:
    """A database in memory with this schema, and about `rows` rows in every table.

    Many cells have a constant of the queries or a neighbour of one, so that some rows meet a
    condition, others just miss it.  All constraints of the schema hold, foreign keys too.  Keys of
    numbers have gaps, and so have the numbers that SQLite gives to rows.  A column that a query
    compares with another, or that has the name of another, mostly has values of that one.  Where
    COUNT is compared with a number, some databases have groups that are large enough.
    """
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(readable(schema))
    tables = {table: columns_of(database, table) for table in tables_of(database)}
    names = {column.name.lower() for several in tables.values() for column in several}
    said = constants_of(queries, names)
    filling = _TableFilling(
        database=database,
        rng=Random(seed),
        profile=profile,
        constants=_with_checks(said, constants_of(checks_of(readable(schema)), names)),
        done={},
    )
    usual = 2 * max(rows, said.group) if profile.kinds and said.group else rows
    for table in parents_first(tables):
        filling.table(table, tables[table], usual)
    database.commit()
    return database


def _with_checks(said: Constants, checks: Constants) -> Constants:
    near = {name: said.near.get(name, ()) + held for name, held in checks.near.items()}
    dated = said.dated | checks.dated
    return Constants(
        near={**said.near, **near},
        loose=said.loose,
        dated=dated,
        equal=said.equal,
        group=said.group,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableFilling:
    """A database that is being filled; `done` has the rows of its tables."""

    database: sqlite3.Connection
    rng: Random
    profile: Profile
    constants: Constants
    done: dict[str, list[dict[str, Cell]]]

    def table(self, table: str, columns: Sequence[Column], usual: int) -> None:
        """Insert rows that satisfy all constraints, as far as they are found in a few tries."""
        least, most = round(self.profile.least * usual), round(self.profile.most * usual)
        here = self.done.setdefault(table.lower(), [])
        pools = {column.name: self._pool(column, most) for column in columns}
        hidden = ["rowid"] if numbered(self.database, table) else []
        names = ", ".join(quoted(name) for name in (*hidden, *(column.name for column in columns)))
        marks = ", ".join("?" * (len(hidden) + len(columns)))
        insert = f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})"
        places = Random(f"{table} {least} {most}")
        for _ in range(self.rng.randint(least, most)):
            for _ in range(_TRIES):
                row = self._row(table, columns, pools)
                place = [places.randrange(1, 3 * most + 9) for _ in hidden]
                try:
                    self.database.execute(insert, place + [row[c.name] for c in columns])
                except sqlite3.IntegrityError:
                    continue
                here.append({name.lower(): value for name, value in row.items()})
                break

    def _pool(self, column: Column, most: int) -> Sequence[Cell]:
        """The values that a column may have in this database."""
        near = self.constants.near.get(column.name.lower(), ())
        if column.unique and "INT" in column.kind:
            numbers = [one for one in near if isinstance(one, int)]
            return [*numbers, *self.rng.sample(range(-2, 3 * most + 9), most + 6)]
        source = ColumnSource(
            kind=column.kind,
            name=column.name,
            near=near,
            loose=self.constants.loose,
            dated=column.name.lower() in self.constants.dated,
        )
        kinds = _DRAWN if column.unique else self.profile.kinds or min(most, _DRAWN)
        return source.drawn(self.rng, self.profile.near, kinds)

    def _row(
        self, table: str, columns: Sequence[Column], pools: Mapping[str, Sequence[Cell]]
    ) -> dict[str, Cell]:
        chosen: dict[tuple[str, int], Mapping[str, Cell] | None] = {}
        row: dict[str, Cell] = {}
        for column in columns:
            empty = not (column.needed or column.key) and self.rng.random() < self.profile.nulls
            if column.parent and not empty:
                link = column.parent
                if (link.table, link.number) not in chosen:
                    chosen[link.table, link.number] = self._parent(link.table)
                parent = chosen[link.table, link.number]
                row[column.name] = parent.get(link.column) if parent else None
            else:
                row[column.name] = None if empty else self._cell(table, column, pools)
        return row

    def _parent(self, table: str) -> Mapping[str, Cell] | None:
        """A row of another table; those with a constant of the queries are chosen more often."""
        rows = self.done.get(table) or []
        if not rows:
            return None
        if self.rng.random() < self.profile.near / 2:
            met = [row for row in rows if self._is_met(row)]
            if met:
                return self.rng.choice(met)
        place = min(self.rng.randrange(len(rows)), self.rng.randrange(len(rows)))
        return rows[place % self.profile.kinds if self.profile.kinds else place]

    def _is_met(self, row: Mapping[str, Cell]) -> bool:
        return any(value in self.constants.near.get(name, ()) for name, value in row.items())

    def _cell(self, table: str, column: Column, pools: Mapping[str, Sequence[Cell]]) -> Cell:
        known = [] if column.unique else self._known(table, column.name.lower())
        if known and self.rng.random() > _LOOSE:
            return self.rng.choice(known)
        pool = pools[column.name]
        if column.unique and self.rng.random() < self.profile.near / 3:
            pool = self.constants.near.get(column.name.lower(), ()) or pool
        return self.rng.choice(pool) if pool else None

    def _known(self, table: str, name: str) -> list[Cell]:
        """Values that this column may be joined with: a query compares it with their column, or
        their column, in another table, has its name.
        """
        others = {a if b == name else b for a, b in self.constants.equal if name in (a, b)}
        found = [
            row[key]
            for key in others | {name}
            for home, rows in self.done.items()
            if key != name or home != table.lower()
            for row in rows
            if key in row
        ]
        return [value for value in found if value is not None]
