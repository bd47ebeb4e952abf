"""The tools of one database."""

from whet.calls.tools import ToolError
from whet.environments.code.database.reading import shown
from whet.environments.code.database.schemas import Schema, described


class Desk:
    """A database in a file, as the policy sees it."""

    def __init__(self, schema: Schema, path: str) -> None:
        self._schema, self._path = schema, path

    def tables(self) -> str:
        """List the tables."""
        return "\n".join(self._schema)

    def schema(self, table: str) -> str:
        """Show the columns of a table.

        Args:
            table: Its name.
        """
        if table not in self._schema:
            raise ToolError(f"there is no table {table[:64]!r}")
        return described(self._schema, table)

    def query(self, sql: str) -> str:
        """Run a query that only reads, and show up to 50 rows.

        Args:
            sql: One SELECT of SQLite.
        """
        return shown(self._path, sql)
