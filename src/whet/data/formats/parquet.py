"""Parquet, batch by batch."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.data.formats.arrow import plain_rows
from whet.types import UsageError


def parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row, numbered from 1."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches():
                for row in plain_rows(batch):
                    number += 1
                    yield number, row
    except (ArrowException, ValueError) as error:  # times that Python can't tell
        reason = " ".join(str(error).split())
        raise UsageError(
            f"file.path is {str(path)!r}, which is no parquet ({reason:.200}); download it again"
        ) from None
