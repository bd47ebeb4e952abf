"""JSON Lines: an object on each line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.data.formats.text import lines
from whet.types import UsageError


def json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | UsageError]]:
    """Each line's object, or the error of the line; blank lines are passed over."""
    for number, line in lines(path):
        if line.strip():
            yield number, _row(path, number, line)


def single_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object.  Raises `ValueError` where a key stands twice, of which one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} stands twice in an object")
    return found


def _row(path: Path, number: int, line: str) -> Mapping[str, Any] | UsageError:
    try:
        row = json.loads(line, object_pairs_hook=single_keys)
    except (ValueError, RecursionError) as error:
        return UsageError(f"{path}, line {number}: no JSON ({error}); mend it")
    if not isinstance(row, dict):
        return UsageError(f"{path}, line {number}: no object; write {{…}} on each line")
    return row
