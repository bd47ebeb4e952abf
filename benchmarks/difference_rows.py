"""Rows of a table of differences: whose they are, which parts make them, what comes out."""

from typing import NamedTuple

Way = tuple[str, str, float]  # whose it is, which parts make it, what comes out


class Row(NamedTuple):
    """One way of many to do the same thing."""

    what: str
    whose: str
    parts: str
    number: float


def ways(what: str, *found: Way) -> list[Row]:
    """Rows about one difference."""
    return [Row("" if i else what, *way) for i, way in enumerate(found)]
