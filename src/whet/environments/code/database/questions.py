"""Questions about a database, each with the query that answers it."""

from collections.abc import Callable, Mapping
from random import Random

from whet.environments.code.database.schemas import Link, Schema

_AGGREGATES = {
    "the number": "COUNT",
    "the sum of {}": "SUM",
    "the largest {}": "MAX",
    "the smallest {}": "MIN",
}

Asked = tuple[str, str]
"""A question and its query."""


def filtered(schema: Schema, rng: Random) -> Asked:
    """A column of the rows that meet a condition."""
    table, column = _column(schema, rng, (tuple, range))
    shown = rng.choice([other for other in schema[table] if other != column] or ["id"])
    told, condition = _condition(schema, table, column, rng)
    return (
        f"{shown} of {table} with {column} {told}?",
        f"SELECT {shown} FROM {table} WHERE {column} {condition}",
    )


def grouped(schema: Schema, rng: Random) -> Asked:
    """An aggregate of the rows of one table with equal values of a column."""
    tables = [table for table in schema if _numbers(schema, table) and len(schema[table]) > 1]
    table = rng.choice(tables)
    number = rng.choice(_numbers(schema, table))
    by = rng.choice([one for one in schema[table] if one not in ("name", number)] or [number])
    word, function = rng.choice([*_AGGREGATES.items()])
    return (
        f"{by} and {word.format(number)} of {table}, for each {by}?",
        f"SELECT {by}, {function}({number}) FROM {table} GROUP BY {by}",
    )


def joined(schema: Schema, rng: Random) -> Asked:
    """A column of rows that meet a condition, beside the names that they link to."""
    table, link, parent = _link(schema, rng)
    column = rng.choice(_numbers(schema, table))
    told, condition = _condition(schema, table, column, rng)
    return (
        f"name of {parent} and {column} of their {table}, with {column} {told}?",
        f"SELECT p.name, c.{column} FROM {table} c JOIN {parent} p ON p.id = c.{link} "
        f"WHERE c.{column} {condition}",
    )


def joined_and_grouped(schema: Schema, rng: Random) -> Asked:
    """An aggregate of the rows that link to each name."""
    table, link, parent = _link(schema, rng)
    column = rng.choice(_numbers(schema, table))
    word, function = rng.choice([*_AGGREGATES.items()])
    return (
        f"name of {parent} and {word.format(column)} of their {table}, where there are {table}?",
        f"SELECT p.name, {function}(c.{column}) FROM {table} c JOIN {parent} p "
        f"ON p.id = c.{link} GROUP BY p.id",
    )


KINDS: Mapping[int, Callable[[Schema, Random], Asked]] = {
    1: filtered,
    2: grouped,
    3: joined,
    4: joined_and_grouped,
}
"""Kinds of questions by level."""


def _numbers(schema: Schema, table: str) -> list[str]:
    return [column for column, kind in schema[table].items() if isinstance(kind, range)]


def _column(schema: Schema, rng: Random, kinds: tuple[type, ...]) -> tuple[str, str]:
    """A table, and one of its columns of these kinds that is no name."""
    return rng.choice(
        [
            (table, column)
            for table, columns in schema.items()
            for column, kind in columns.items()
            if isinstance(kind, kinds) and column != "name"
        ]
    )


def _link(schema: Schema, rng: Random) -> tuple[str, str, str]:
    """A table with a number, its link, and the linked table, which has names."""
    return rng.choice(
        [
            (table, column, kind.table)
            for table, columns in schema.items()
            for column, kind in columns.items()
            if isinstance(kind, Link) and "name" in schema[kind.table] and _numbers(schema, table)
        ]
    )


def _condition(schema: Schema, table: str, column: str, rng: Random) -> Asked:
    """A condition in words and in SQL."""
    kind = schema[table][column]
    assert not isinstance(kind, Link)
    drawn = rng.choice(kind)
    if isinstance(drawn, str):
        return drawn, f"= '{drawn}'"
    word, sign = rng.choice((("above", ">"), ("below", "<")))
    return f"{word} {drawn}", f"{sign} {drawn}"
