"""Arrow's streams and files, as `datasets.save_to_disk` and feather write them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.types import UsageError

if TYPE_CHECKING:
    import pyarrow

_FILE = b"ARROW1"  # how a file begins; a stream has no mark


def arrow(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row, numbered from 1; the file is mapped into memory, not read into it."""
    from pyarrow import ArrowException

    number = 0
    try:
        for batch in _batches(path):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (ArrowException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"file.path is {str(path)!r}, which is no arrow file ({reason:.200}); save it again"
        ) from None


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
