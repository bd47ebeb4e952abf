"""Comma- or tab-separated values under a header; every value is text."""

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from whet.data.formats.text import lines
from whet.types import UsageError

_QUOTES = "close quotes, and double those inside"
_FEEDS = r"end lines with line feeds, such as with: tr '\r' '\n'"


def delimited(path: Path) -> Iterator[tuple[int, Mapping[str, str | None] | UsageError]]:
    """Each record by the header's names, with the number of its first line; blank is None.

    A record of another length than the header is an error of its own.

    The header tells what separates: a comma, else a tab, else a semicolon.
    """
    source = (text for _, text in lines(path))
    first = next(source, "")
    separator = next((sign for sign in ",\t;" if sign in first), ",")
    csv.field_size_limit(sys.maxsize)  # programs and their tests stand in one field
    records = csv.reader(_again(first, source), delimiter=separator, strict=True)
    try:
        header = _header(path, next(records, []))
        start = records.line_num + 1
        for record in records:
            if record:
                yield start, _named(path, start, header, record)
            start = records.line_num + 1
    except csv.Error as error:
        told = _FEEDS if "new-line" in str(error) else _QUOTES
        raise UsageError(f"{path}, line {records.line_num}: {error}; {told}") from None


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _header(path: Path, names: list[str]) -> list[str]:
    if twice := {name for name in names if name and names.count(name) > 1}:
        raise UsageError(f"{path}, line 1: {min(twice)!r} stands twice in the header; rename one")
    return names


def _named(
    path: Path, number: int, header: list[str], record: list[str]
) -> Mapping[str, str | None] | UsageError:
    if len(record) != len(header):
        return UsageError(
            f"{path}, line {number}: {len(record)} fields, but the header has {len(header)}; quote "
            "fields that hold separators or line ends"
        )
    pairs = zip(header, record, strict=True)
    return {name: value or None for name, value in pairs if name}  # an index has no name
