"""Search in the passages of a file."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MethodType

from whet.calls.schemas import Schema, schema_of
from whet.calls.shipped.search import Search
from whet.calls.tools import Tool, ToolSet
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFile(ToolSet):
    """The tool `search` over a .jsonl file whose rows have a `title` and a `text`.

    The file is read and indexed once in a process.  Raises `UsageError` for a file that has no such
    rows.
    """

    path: str
    most: int = 1000

    def schemas(self) -> tuple[Schema, ...]:
        return (schema_of(MethodType(Search.search, self)),)

    @asynccontextmanager
    async def open(self, task: Task) -> AsyncIterator[Sequence[Tool]]:
        """The tool; it has no state."""
        del task
        yield (Tool.of(_indexed(self.path).search),)


@cache
def _indexed(path: str) -> Search:
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")  # a text may have U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"passages is {path!r}, which can't be read: {error}") from error
    return Search([_passage(path, n, line) for n, line in enumerate(lines, 1) if line.strip()])


def _passage(path: str, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        title, text = row["title"], row["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}, line {number} has no title and text ({error!r:.80}); give "
            '{"title": …, "text": …}'
        ) from error
    if not isinstance(title, str) or not isinstance(text, str):
        raise UsageError(f"{path}, line {number}: title and text have to be texts")
    return title, text
