"""One row of a published benchmark, column by column; what is wrong with it is one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from whet.data.golds import is_blank
from whet.data.prompts import parsed
from whet.types import UsageError

_SHOWN = 60  # characters of a value
_NAMED = 6  # columns


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """The values of a row by column.  Messages name its place, the column and the remedy."""

    place: str  # file:number, from 1; the number of a line, where rows are lines
    values: Mapping[str, Any]
    card: str  # the data set card that says what the columns are

    def has(self, column: str) -> bool:
        """Whether the column is there, and holds something."""
        held = self.values.get(column)
        return held is not None and not (isinstance(held, str) and is_blank(held))

    def value(self, *columns: str) -> Any:
        """The value of the first of these columns that holds something.

        Raises `UsageError` where none does.
        """
        for column in columns:
            if self.has(column):
                return self.values[column]
        there = next((column for column in columns if column in self.values), "")
        if there:
            raise UsageError(f"{self.place}: {there} is empty; fill it in, or take the row out")
        wanted = " or ".join(columns)
        raise UsageError(
            f"{self.place}: no column {wanted} (it has {self._columns()}); give the file of "
            f"{self.card}"
        )

    def text(self, *columns: str) -> str:
        """The text of the first of these columns that holds something."""
        held = self.value(*columns)
        if not isinstance(held, str):
            raise self.wrong(self.named(*columns), "give text")
        if _broken(held):
            raise self.wrong(self.named(*columns), "it holds half of a character; mend it")
        return held

    def texts(self, column: str) -> list[str]:
        """A list of at least one text, none of them blank."""
        held = self.value(column)
        if not isinstance(held, list | tuple) or not held:
            raise self.wrong(column, "give a list of texts, at least one")
        if any(not isinstance(one, str) or is_blank(one) or _broken(one) for one in held):
            raise self.wrong(column, "give a list of texts, none of them blank or broken")
        return list(held)

    def whole(self, column: str) -> int:
        """A whole number; a float that is whole counts, since tables without integers have it."""
        held = self.value(column)
        if isinstance(held, str) and held.strip().isascii() and held.strip().isdigit():
            return int(held)
        number = isinstance(held, int | float) and not isinstance(held, bool) and isfinite(held)
        if not number or held != int(held):
            raise self.wrong(column, "give a whole number")
        return int(held)

    def json(self, column: str) -> Any:
        """The value of a column that holds JSON as text, or is structured already."""
        held = self.value(column)
        return parsed(held, column, self.place) if isinstance(held, str) else held

    def named(self, *columns: str) -> str:
        """The name of the first of these columns that holds something."""
        return next((column for column in columns if self.has(column)), columns[0])

    def identity(self, *columns: str) -> str:
        """The text or the number that one of these columns names the row by; else its place."""
        held = next((self.values[column] for column in columns if self.has(column)), self.place)
        if isinstance(held, float) and held.is_integer():
            held = int(held)
        if not isinstance(held, str | int) or isinstance(held, bool):
            raise self.wrong(self.named(*columns), "give a text or a whole number")
        return str(held).strip()

    def wrong(self, column: str, remedy: str) -> UsageError:
        """The error of a column: its place, its value, and what to do."""
        held = repr(self.values.get(column))
        shown = held if len(held) <= _SHOWN else f"{held[:_SHOWN]}…"
        return UsageError(f"{self.place}: {column} is {shown}; {remedy}")

    def _columns(self) -> str:
        names = [" ".join(str(name).split())[:_SHOWN] for name in self.values]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{', '.join(names[:_NAMED])}{more}"


def _broken(text: str) -> bool:
    """Whether a text holds half of a surrogate pair, which tokenizers refuse."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
