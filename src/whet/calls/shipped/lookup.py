"""Rows of a task's tables."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from whet.calls.tools import ToolError
from whet.types import Task, UsageError

_COMPARED = 10_000  # keys


class Lookup:
    """`task.info["tables"]`: for every table, its rows by their keys."""

    def __init__(self, task: Task) -> None:
        found = task.info.get("tables")
        if not isinstance(found, Mapping) or not all(
            isinstance(rows, Mapping) for rows in found.values()
        ):
            raise UsageError(
                f"info['tables'] of task {task.id!r} is {found!r:.60}; give a mapping from names "
                "of tables to their rows by key"
            )
        self._tables: Mapping[str, Mapping[str, Any]] = found

    def lookup(self, key: str) -> dict[str, Any]:
        """Find the rows of a key.

        Args:
            key: The key, exactly as the tables have it.
        """
        rows = {name: rows[key] for name, rows in self._tables.items() if key in rows}
        if not rows:
            known = [key for rows in self._tables.values() for key in rows][:_COMPARED]
            close = get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ToolError(f"no table has the key {key[:64]!r}{hint}")
        return rows

    def tables(self) -> dict[str, int]:
        """List the tables, each with the number of its rows."""
        return {name: len(rows) for name, rows in self._tables.items()}
