"""Arrow's streams and files, as `datasets.save_to_disk` and feather write them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whet.types import UsageError

if TYPE_CHECKING:
    import pyarrow

_SHORT = {"float": np.float32, "halffloat": np.float16}  # what is wider in Python
_FILE = b"ARROW1"  # how a file begins; a stream has no mark


def arrow(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row, numbered from 1; the file is mapped into memory, not read into it."""
    from pyarrow import ArrowException

    number = 0
    try:
        for batch in _batches(path):
            batch.validate(full=True)  # offsets of a damaged file point anywhere in memory
            for row in plain_rows(batch):
                number += 1
                yield number, row
    except (ArrowException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"file.path is {str(path)!r}, which is no arrow file ({reason:.200}); save it again"
        ) from None


def plain_rows(batch: "pyarrow.RecordBatch") -> list[dict[str, Any]]:
    """The rows of a batch, without the nulls of fields that only other rows have.

    A null inside a structure can't be told from such a field.  A .1 of a column of float32 is .1,
    not .10000000149011612.
    """
    rows = [{name: _filled(held) for name, held in row.items()} for row in batch.to_pylist()]
    for field in batch.schema:
        if str(field.type) in _SHORT:
            for row in rows:
                if row[field.name] is not None:
                    row[field.name] = float(str(_SHORT[str(field.type)](row[field.name])))
    return rows


def _filled(value: Any) -> Any:
    """A structure without the fields that are null."""
    if isinstance(value, dict):
        return {name: _filled(held) for name, held in value.items() if held is not None}
    return [_filled(held) for held in value] if isinstance(value, list) else value


def _batches(path: Path) -> Iterator["pyarrow.RecordBatch"]:
    from pyarrow import ipc, memory_map

    with path.open("rb") as file:
        whole = file.read(len(_FILE)) == _FILE
    with memory_map(str(path)) as source:
        if not whole:
            yield from ipc.open_stream(source)
            return
        held = ipc.open_file(source)
        yield from map(held.get_batch, range(held.num_record_batches))
