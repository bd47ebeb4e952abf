"""Labelled replies of benchmarks/labelled as files that `whet verify` reads.

    python benchmarks/law_rows.py FOLDER            # the open half, the drawn rows, the siblings
    whet verify --law --labelled FOLDER

One file per verifier, named after it, with the columns prompt, reply, answer, info, correct.  The
half `kept` is left out: it is measured once, by benchmarks/labelled_judges.py.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labelled_judges import FOLDER, TASKS, rows_of

REWARDS = {"qa": "qa_exact"}  # all other sets are named after their reward
_PARTS = ("open", "siblings")


def law_rows(name: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a set in the columns of `whet verify`."""
    for part in _PARTS:
        if not (FOLDER / part / f"{name}.jsonl").is_file():
            continue
        for row in rows_of(part, name):
            prompt = row.get("question") or row.get("prompt") or "?"
            own = {"prompt": prompt, "reply": row["reply"], "correct": row["correct"]}
            yield {**own, **TASKS[name](row)}


def write_all(folder: Path) -> None:
    """Write a file per verifier; those whose rows are drawn are copied."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TASKS:
        lines = [json.dumps(row, ensure_ascii=False) for row in law_rows(name)]
        (folder / f"{REWARDS.get(name, name)}.jsonl").write_text("\n".join(lines) + "\n")
    for file in sorted((FOLDER / "drawn").glob("*.jsonl")):
        (folder / file.name).write_bytes(file.read_bytes())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="labelled replies for whet verify")
    parser.add_argument("folder", type=Path)
    write_all(parser.parse_args().folder)
