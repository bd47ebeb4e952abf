"""Rows of a file, each with the number of its line; one-line errors that say where to look."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.types import UsageError

Row = tuple[int, Mapping[str, Any]]


def read(path: str) -> list[Row]:
    """All rows of a .jsonl or .parquet file, numbered from 1."""
    place = Path(path)
    reader = READERS.get(place.suffix)
    if reader is None:
        raise UsageError(f"file.path is {path!r}; give a file that ends in {' or '.join(READERS)}")
    if not place.is_file():
        raise UsageError(f"file.path is {path!r}, which does not exist; give the path of a file")
    rows = list(reader(place))
    if not rows:
        raise UsageError(f"file.path is {path!r}, which has no rows; give a file with tasks")
    return rows


def _jsonl(place: Path) -> Iterator[Row]:
    with place.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{place}, line {number}: no JSON ({error}); mend it") from None
            if not isinstance(row, dict):
                raise UsageError(f"{place}, line {number}: no object; write {{…}} on each line")
            yield number, row


def _parquet(place: Path) -> Iterator[Row]:
    from pyarrow import ArrowInvalid, parquet

    try:
        rows = parquet.read_table(place).to_pylist()
    except ArrowInvalid as error:
        raise UsageError(f"file.path is {str(place)!r}, which is no parquet: {error}") from None
    yield from enumerate(rows, start=1)


READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {".jsonl": _jsonl, ".parquet": _parquet}
