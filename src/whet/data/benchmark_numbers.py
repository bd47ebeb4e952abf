"""The numeric answer of a row: an integer, a float of a table, or text with zeros and commas."""

from decimal import Decimal
from math import isfinite
from typing import Any

from whet.data.benchmark_row import BenchmarkRow
from whet.rewards.verifiable.math.number import number


def numeric(row: BenchmarkRow, column: str) -> str:
    """The answer in a column as text: 073, 73 and 73.0 are `73`, and 1,234 is `1234`.

    A degree sign or another unit after a whole number is left out.  Raises `UsageError` for all
    that is not one finite number.
    """
    held = row.value(column)
    text = _written(held)
    found = number(text) if text else None
    if found is None:
        raise row.wrong(column, "give one number")
    if found.value.denominator == 1:
        return str(found.value.numerator)
    return text.strip()


def _written(held: Any) -> str:
    """A value as text without an exponent; empty for what is neither text nor a finite number."""
    if isinstance(held, str):
        return held
    if isinstance(held, bool) or not isinstance(held, int | float) or not isfinite(held):
        return ""
    return format(Decimal(repr(held)), "f")
