"""Lines of UTF-8, with their numbers; another encoding is named, and never guessed."""

import codecs
import gzip
from collections.abc import Iterator
from pathlib import Path

from whet.types import UsageError

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONVERT = "save the file as UTF-8, such as with: iconv -f {} -t UTF-8"


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line with its end, numbered from 1; a line feed alone ends one, for others are text."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            yield number, _text(path, number, line)


def _text(path: Path, number: int, line: bytes) -> str:
    if number == 1:
        if line.startswith(_WIDE):
            raise UsageError(f"{path}, line 1: UTF-16; {_CONVERT.format('UTF-16')}")
        line = line.removeprefix(codecs.BOM_UTF8)
    if b"\0" in line:
        told = _CONVERT.format("UTF-16LE")
        raise UsageError(f"{path}, line {number}: holds bytes of zero, as UTF-16 does; {told}")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} at {error.start + 1}"
        told = _CONVERT.format("LATIN1")
        raise UsageError(f"{path}, line {number}: not UTF-8 ({byte}); {told}") from None
