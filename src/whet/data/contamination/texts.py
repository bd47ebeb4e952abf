"""The texts of training data: all that stands in a row, read row by row."""

from collections.abc import Iterator, Mapping
from typing import Any

from whet.data.formats import rows


def training_texts(path: str) -> Iterator[tuple[str, str]]:
    """The place of each row of a file, a folder or a pattern, and all texts in it, joined.

    So prompts, answers and worked solutions count, whatever their columns are called.  Raises
    `UsageError` for a file that can't be read.
    """
    for row in rows(path):
        yield row.place, "\n".join(_texts(row.values))


def _texts(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        for inner in held.values():
            yield from _texts(inner)
    elif isinstance(held, list | tuple):
        for inner in held:
            yield from _texts(inner)
