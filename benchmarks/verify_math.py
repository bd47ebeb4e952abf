"""Verification of mathematics: two worker processes against math-verify in one, on the same rows.

    python benchmarks/verify_math.py [--rows 2400] [--workers 2] [--show 5]

Directly: math-verify 0.9's `parse` and `verify` with their defaults and their own time limits, in
this process, gold first; the gold is wrapped in dollars, for otherwise it is read as plain text.
Both are asked about a row before the clock runs.
"""

import argparse
import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from math_verify import parse, verify

from whet.data.cases import Case, cases
from whet.evaluation.agreement import confusion
from whet.evaluation.verifier_pass import rollout_of
from whet.rewards.verifiable.math import Math


def direct(case: Case) -> bool:
    """What math-verify alone makes of it."""
    return verify(parse(f"${case.task.answer}$"), parse(case.reply))


def pooled(judge: Math, rows: Sequence[Case]) -> tuple[list[bool | None], float]:
    """The answers of the workers, and how many a second."""

    def ask(row: Case) -> bool | None:
        return judge.score(rollout_of(row)).correct

    with ThreadPoolExecutor(judge.workers) as pool:
        warm = next(row for row in rows if row.task.info["kind"] == "expression")
        list(pool.map(ask, [warm] * 4 * judge.workers))
        start = time.perf_counter()
        found = list(pool.map(ask, rows))
        return found, len(rows) / (time.perf_counter() - start)


def main() -> None:
    """Print rates, quality, and the disagreements."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=2400)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--show", type=int, default=5)
    words = asked.parse_args()
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    rows = cases("synthetic", count=words.rows)
    judge = Math(workers=words.workers)
    alone, slow = _alone(rows)
    ours, fast = pooled(judge, rows)
    print(f"{len(rows)} rows")
    for name, found, rate in (("math-verify", alone, slow), ("whet math", ours, fast)):
        known = [(bool(a), r.correct) for a, r in zip(found, rows, strict=True) if a is not None]
        matrix = confusion([a for a, _ in known], [r for _, r in known])
        print(
            f"  {name:12} {rate:7.1f} rows/s   precision {matrix.precision.value:.3f}   "
            f"recall {matrix.recall.value:.3f}   false ones {matrix.wrong_accepted}   "
            f"false zeros {matrix.right_refused}   no opinion {len(rows) - len(known)}"
        )
    print(f"  ratio {fast / slow:.2f}")
    _differences(rows, ours, alone, words.show)


def _alone(rows: Sequence[Case]) -> tuple[list[bool], float]:
    """In the main thread: math-verify's limits are alarms, which work nowhere else."""
    direct(rows[0])
    start = time.perf_counter()
    found = [direct(row) for row in rows]
    return found, len(rows) / (time.perf_counter() - start)


def _differences(
    rows: Sequence[Case], ours: Sequence[bool | None], alone: Sequence[bool], show: int
) -> None:
    """Counted by kind, and by who is right."""
    odd = [
        (row, mine)
        for row, mine, theirs in zip(rows, ours, alone, strict=True)
        if mine is not None and mine != theirs
    ]
    print(f"  disagreements {len(odd)} of {len(rows)}")
    sides = Counter((row.task.info["kind"], mine == row.correct) for row, mine in odd)
    for (kind, right), count in sorted(sides.items()):
        print(f"\n  {kind}: {count}, where {'whet' if right else 'math-verify'} is right")
        mine = [(r, m) for r, m in odd if (r.task.info["kind"], m == r.correct) == (kind, right)]
        for row, _ in mine[:show]:
            print(f"    {row.task.answer!r} <- {row.reply!r}")


if __name__ == "__main__":
    main()
