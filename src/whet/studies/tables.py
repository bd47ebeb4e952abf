"""Fields of a TOML table, each with an error that names the file, the field and the remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from whet.registry import nearest
from whet.types import UsageError


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file, and the path to it."""

    file: str
    path: str  # empty: the file itself
    held: Mapping[str, Any]

    def wrong(self, field: str, told: str) -> UsageError:
        """The error of a field."""
        return UsageError(f"{self.file}: {self.at(field)} {told}")

    def at(self, field: str) -> str:
        """The dotted path of a field."""
        return f"{self.path}.{field}".strip(".")

    def only(self, *known: str) -> None:
        """Raise `UsageError` for a field that is none of these."""
        for field in self.held:
            if field not in known:
                raise self.wrong(field, f"is unknown; {nearest(field, known)}")

    def need(self, field: str, kind: str) -> Any:
        """The value of a field that has to be there."""
        if field not in self.held:
            raise self.wrong(field, f"is missing; give {kind}")
        return self.held[field]

    def text(self, field: str, default: str | None = None) -> str:
        """A text that is not empty."""
        if default is not None and field not in self.held:
            return default
        value = self.need(field, "a text")
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, f"is {value!r}; give a text")
        return value

    def number(self, field: str) -> float:
        """A finite number."""
        value = self.need(field, "a number")
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise self.wrong(field, f"is {value!r}; give a finite number")
        return float(value)

    def table(self, field: str, *, needed: bool = False) -> "Table":
        """A table inside; an empty one where it is missing and not needed."""
        value = self.need(field, "a table") if needed else self.held.get(field, {})
        if not isinstance(value, dict):
            raise self.wrong(field, f"is {value!r}; give a table, [{self.at(field)}]")
        return Table(self.file, self.at(field), value)

    def tables(self, field: str) -> Iterator["Table"]:
        """An array of tables; none where it is missing."""
        value = self.held.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(field, f"is {value!r}; give tables, each under [[{self.at(field)}]]")
        for place, one in enumerate(value):
            yield Table(self.file, f"{self.at(field)}.{place}", one)
