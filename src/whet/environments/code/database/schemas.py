"""Schemas of invented databases, and rows for them."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random

from whet.environments.code.names import NAMES

_NAME = ("name",)
_CITIES = ("Bergen", "Cadiz", "Delft", "Evora", "Graz")
_FEW, _MANY = (6, 12), (20, 40)  # rows of tables without and with links


@dataclass(frozen=True, slots=True)
class Link:
    """A column with the id of a row of another table."""

    table: str


Column = tuple[str, ...] | range | Link
"""The words or the numbers that a column draws from, or a link; `("name",)` are invented names."""

Schema = Mapping[str, Mapping[str, Column]]
"""Columns by table; a table links to earlier ones only."""

DOMAINS: Mapping[str, Schema] = {
    "shop": {
        "customers": {"name": _NAME, "city": _CITIES},
        "orders": {"customer_id": Link("customers"), "day": range(1, 31)},
        "products": {"name": _NAME, "kind": ("book", "tool", "toy"), "price": range(1, 60)},
        "items": {
            "order_id": Link("orders"),
            "product_id": Link("products"),
            "pieces": range(1, 9),
        },
        "reviews": {"product_id": Link("products"), "stars": range(1, 6)},
    },
    "school": {
        "teachers": {"name": _NAME, "field": ("art", "maths", "music")},
        "courses": {"name": _NAME, "teacher_id": Link("teachers"), "hours": range(1, 7)},
        "pupils": {"name": _NAME, "grade": range(1, 7)},
        "marks": {
            "pupil_id": Link("pupils"),
            "course_id": Link("courses"),
            "points": range(16),
        },
        "absences": {"pupil_id": Link("pupils"), "days": range(1, 10)},
    },
    "harbour": {
        "ports": {"name": _NAME, "city": _CITIES},
        "ships": {"name": _NAME, "port_id": Link("ports"), "tons": range(10, 100)},
        "voyages": {"ship_id": Link("ships"), "port_id": Link("ports"), "days": range(1, 40)},
        "cargoes": {
            "voyage_id": Link("voyages"),
            "good": ("coal", "corn", "salt"),
            "weight": range(1, 50),
        },
        "crew": {"name": _NAME, "ship_id": Link("ships"), "wage": range(10, 60)},
    },
    "league": {
        "clubs": {"name": _NAME, "city": _CITIES},
        "players": {"name": _NAME, "club_id": Link("clubs"), "age": range(17, 38)},
        "goals": {"player_id": Link("players"), "minute": range(1, 91)},
        "matches": {"club_id": Link("clubs"), "day": range(1, 31), "visitors": range(100, 999)},
        "injuries": {"player_id": Link("players"), "weeks": range(1, 20)},
    },
}


def schema_of(domain: str, tables: int) -> Schema:
    """The first so many tables of a domain."""
    return dict([*DOMAINS[domain].items()][:tables])


def described(schema: Schema, table: str) -> str:
    """The columns of a table, such as `orders(id, customer_id -> customers, day INTEGER)`."""
    columns = [
        f"{name} -> {kind.table}" if isinstance(kind, Link) else f"{name} {_type(kind)}"
        for name, kind in schema[table].items()
    ]
    return f"{table}(id, {', '.join(columns)})"


def _created(schema: Schema, table: str) -> str:
    columns = [f"{name} {_type(kind)}" for name, kind in schema[table].items()]
    return f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(columns)})"


def filled(schema: Schema, rng: Random) -> sqlite3.Connection:
    """A database in memory, with rows that are drawn."""
    database = sqlite3.connect(":memory:")
    sizes: dict[str, int] = {}
    for table, columns in schema.items():
        linked = any(isinstance(kind, Link) for kind in columns.values())
        sizes[table] = size = rng.randint(*(_MANY if linked else _FEW))
        values = [_values(kind, size, sizes, rng) for kind in columns.values()]
        marks = ", ".join("?" * (len(columns) + 1))
        database.execute(_created(schema, table))
        rows = zip(range(1, size + 1), *values, strict=True)
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    database.commit()
    return database


def written(schema: Schema, rng: Random, path: str) -> None:
    """Write such a database to a file."""
    with closing(filled(schema, rng)) as database, closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA synchronous = OFF")
        database.backup(file)


def _type(kind: Column) -> str:
    if isinstance(kind, Link):
        return f"INTEGER REFERENCES {kind.table}"
    return "INTEGER" if isinstance(kind, range) else "TEXT"


def _values(kind: Column, size: int, sizes: Mapping[str, int], rng: Random) -> Sequence[str | int]:
    if isinstance(kind, Link):
        return rng.choices(range(1, sizes[kind.table] + 1), k=size)
    return rng.sample(NAMES, size) if kind == _NAME else rng.choices(kind, k=size)
