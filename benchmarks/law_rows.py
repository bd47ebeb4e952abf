"""Labelled replies of benchmarks/labelled as files that `whet verify` reads.

    python benchmarks/law_rows.py FOLDER
    whet verify --law --labelled FOLDER

One file per verifier, named after it, with the columns prompt, reply, answer, info, correct.
Puzzles, proofs and countdown have drawn tasks, labelled by solvers of their own.  The
half `kept` is left out: it is measured once, by benchmarks/labelled_judges.py.  Where a verifier
reads info alone, the answer is info as JSON, since a row has to have one.  Rows of json_fields that
have a schema and no gold are left out.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drawn_rows import DRAWN
from labelled_judges import TASKS, rows_of

_REWARDS = {"qa": "qa_exact"}  # all other sets are named after their reward


def law_rows(name: str) -> Iterator[Mapping[str, Any]]:
    """The open rows of a set in the columns of `whet verify`."""
    for row in rows_of("open", name):
        prompt = row.get("question") or row["prompt"]
        told = TASKS[name](row)
        answer = told.get("answer", json.dumps(told.get("info")))
        if answer:
            own = {"prompt": prompt, "reply": row["reply"], "correct": row["correct"]}
            yield {**own, **told, "answer": answer}


def main() -> None:
    """Write a file per verifier."""
    parser = argparse.ArgumentParser(description="labelled replies for whet verify")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    sources = {_REWARDS.get(name, name): law_rows(name) for name in TASKS}
    sources |= {name: rows() for name, rows in DRAWN.items()}
    for name, rows in sources.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
