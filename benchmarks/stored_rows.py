"""Rows of a committed file below benchmarks/verdicts, of which there is one for each key."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("verdicts")
Row = Mapping[str, Any]


def store(name: str, rows: Sequence[Row], key: Sequence[str]) -> None:
    """Write rows to a file, in place of those with the same values under the names of the key."""

    def place(row: Row) -> tuple[str, ...]:
        return tuple(row[part] for part in key)

    file = FOLDER / f"{name}.jsonl"
    known = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    made = {place(row): row for row in (*known, *rows)}
    file.write_text("\n".join(json.dumps(made[at]) for at in sorted(made)) + "\n", encoding="utf-8")
