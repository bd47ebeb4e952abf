"""`math` beside math-verify 0.9 on labelled replies: quality and rows a second, in one process.

    python benchmarks/math_beside.py open

math-verify reads the reply in two ways: `bare`, the text in the last box (without a box, the reply)
in dollars, as its documentation asks for; `whole`, the reply as it is.  Its own time limits are on.
A line per grader: precision and recall with Wilson intervals of 95 %, rows a second.
"""

import argparse
import logging
from collections.abc import Callable, Mapping
from typing import Any

from labelled_judges import rows_of
from math_verify import parse, verify
from verdict_counts import timed

from whet.rewards.verifiable.extraction import after_think, boxed
from whet.rewards.verifiable.math import Math
from whet.types import Rollout, Task

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


def main() -> None:
    """Print a line per grader."""
    parser = argparse.ArgumentParser(description="math beside math-verify")
    parser.add_argument(
        "half", choices=("open", "siblings", "kept", "second", "third", "fourth", "fifth", "sixth")
    )
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    asked = parser.parse_args()
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    rows = rows_of(asked.half, "math")
    timed(asked.half, "math", rows, GRADERS, keep=asked.keep)


if __name__ == "__main__":
    main()
