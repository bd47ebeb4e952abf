"""Files and folders of rows, in the usual formats of data sets; errors are one-line messages."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from glob import glob
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from zlib import error as ZlibError

from whet.data.formats.arrow import arrow
from whet.data.formats.delimited import delimited
from whet.data.formats.documents import document
from whet.data.formats.folders import data_files
from whet.data.formats.foreign import remedy
from whet.data.formats.json_lines import json_lines
from whet.data.formats.parquet import parquet
from whet.types import UsageError

Values = Mapping[str, Any]


class DataRow(NamedTuple):
    """A row with its place, and the split in the name of its file or folder."""

    place: str  # file:number, from 1; the number of a line, where rows are lines
    values: Values
    split: str = ""  # train, dev, test; empty: not in the name


Reader = Callable[[Path], Iterator[tuple[int, Values | UsageError]]]
"""The numbered rows of a file; where one can't be read, the error that its own line deserves."""

READERS: Mapping[str, Reader] = {
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": document,
    ".csv": delimited,
    ".tsv": delimited,
    ".parquet": parquet,
    ".arrow": arrow,
}
FORMATS = f"{', '.join(READERS)}, or a folder of them"


def rows(path: str) -> Iterator[DataRow]:
    """All rows of a file, of a folder, or of the files that a pattern such as `*.parquet` matches.

    Text may be compressed with gzip.  Raises `UsageError` where something can't be read.
    """
    for row in attempts(path):
        if isinstance(row, UsageError):
            raise row
        yield row


def attempts(path: str) -> Iterator[DataRow | UsageError]:
    """All rows as `rows` yields them, and the errors of single rows in their place.

    Raises `UsageError` where a file can't be read any further.
    """
    try:
        found = False
        for file, name, split in _files(path):
            for number, values in _reader(file)(file):
                found = True
                place = f"{name}:{number}"
                wrong = isinstance(values, UsageError)
                yield values if wrong else DataRow(place, values, split)
    except (OSError, EOFError, ZlibError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise UsageError(f"file.path is {path!r}, which can't be read: {reason:.200}") from error
    if not found:
        raise UsageError(f"file.path is {path!r}, which has no rows; give a file with tasks")


def stamp(path: str) -> int:
    """Another number after a file was written again; folders are looked at once a second."""
    place = Path(path)
    if place.is_file():
        return place.stat().st_mtime_ns
    return _stamp(path, int(monotonic()))


@lru_cache(maxsize=8)
def _stamp(path: str, second: int) -> int:
    del second
    return hash(tuple((str(f), f.stat().st_mtime_ns) for f in _present(path)))


def suffix(path: str | Path) -> str:
    """The format in the name of a file, without the suffix of compression."""
    place = Path(path)
    return Path(place.stem if place.suffix == ".gz" else place.name).suffix.lower()


def is_pattern(path: str) -> bool:
    """Whether a path is a pattern for several files."""
    return any(sign in path for sign in "*?[") and not Path(path).exists()


def _present(path: str) -> list[Path]:
    if is_pattern(path):
        return sorted(map(Path, glob(path, recursive=True)))
    return sorted(p for p in Path(path).rglob("*") if p.is_file())


def _files(path: str) -> Iterator[tuple[Path, str, str]]:
    """Every file of rows, the name that its rows go by, and its split."""
    if is_pattern(path):
        found = _present(path)
        if not found:
            raise UsageError(
                f"file.path is {path!r}, which no file matches; give the path of a file"
            )
        yield from ((file, str(file), "") for file in found)
    elif (place := Path(path)).is_dir():
        for file, split in data_files(place, lambda file: suffix(file) in READERS):
            yield file, file.relative_to(place).as_posix(), split
    elif place.is_file():
        yield place, place.name, ""
    else:
        raise UsageError(f"file.path is {path!r}, which does not exist; give the path of a file")


def _reader(file: Path) -> Reader:
    reader = READERS.get(suffix(file))
    if reader is None:
        told = remedy(suffix(file)) or f"give a file that ends in {FORMATS}"
        raise UsageError(f"file.path is {str(file)!r}; {told}")
    return reader
