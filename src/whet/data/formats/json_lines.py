"""JSON Lines: an object on each line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.data.formats.text import lines
from whet.types import UsageError


def json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each line's object; blank lines are passed over.  Read line by line."""
    for number, line in lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: no JSON ({error}); mend it") from None
        if not isinstance(row, dict):
            raise UsageError(f"{path}, line {number}: no object; write {{…}} on each line")
        yield number, row
