"""`math` beside math-verify 0.9 on labelled replies: quality and rows a second, in one process.

    python benchmarks/math_beside.py open

math-verify reads the reply in two ways: `bare`, the text in the last box (without a box, the reply)
in dollars, as its documentation asks for; `whole`, the reply as it is.  Its own time limits are on.
A line per grader: precision and recall with Wilson intervals of 95 %, rows a second.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from math_verify import parse, verify

from whet.evaluation.statistics.proportions import wilson
from whet.rewards.verifiable.extraction import after_think, boxed
from whet.rewards.verifiable.math import Math
from whet.types import Rollout, Task

FOLDER = Path(__file__).with_name("labelled")
Row = Mapping[str, Any]


def _ours(row: Row) -> bool:
    task = Task(id=row["id"], prompt=row["question"], answer=row["gold"])
    return bool(JUDGE.score(Rollout.from_text(task, row["reply"])).correct)


def _bare(row: Row) -> bool:
    text = after_think(row["reply"]) or ""
    boxes = boxed(text)
    return bool(verify(parse(f"${row['gold']}$"), parse(f"${boxes[-1]}$" if boxes else text)))


def _whole(row: Row) -> bool:
    return bool(verify(parse(f"${row['gold']}$"), parse(row["reply"])))


JUDGE = Math(workers=1)
GRADERS: Mapping[str, Callable[[Row], bool]] = {
    "whet math": _ours,
    "math-verify, bare": _bare,
    "math-verify, whole": _whole,
}


def measured(grader: Callable[[Row], bool], rows: Sequence[Row]) -> tuple[str, float]:
    """The cells of a grader's line, and its rows a second."""
    grader(rows[0])
    start = time.perf_counter()
    found = [grader(row) for row in rows]
    rate = len(rows) / (time.perf_counter() - start)
    hits = sum(said and row["correct"] for said, row in zip(found, rows, strict=True))
    cells = []
    for of in (sum(found), sum(row["correct"] for row in rows)):
        within = wilson(hits, of)
        cells.append(f"{hits / max(of, 1):.3f} [{within.low:.3f}, {within.high:.3f}]")
    return " | ".join(cells), rate


def main() -> None:
    """Print a line per grader."""
    parser = argparse.ArgumentParser(description="math beside math-verify")
    parser.add_argument("half", choices=("open", "siblings", "kept"))
    asked = parser.parse_args()
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    lines = (FOLDER / asked.half / "math.jsonl").read_bytes().split(b"\n")
    rows = [json.loads(line) for line in lines if line]
    print(f"{len(rows)} rows\n| grader | precision | recall | rows/s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    first = 0.0
    for name, grader in GRADERS.items():
        cells, rate = measured(grader, rows)
        first = first or rate
        print(f"| {name} | {cells} | {rate:.1f} | {first / rate:.2f} |", flush=True)


if __name__ == "__main__":
    main()
