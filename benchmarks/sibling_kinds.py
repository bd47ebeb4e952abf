"""Verdicts on benchmarks/labelled/siblings, by judge and by the kind of defect that a row is of.

    python benchmarks/sibling_kinds.py before   # or after: which code is measured
    python benchmarks/sibling_kinds.py after math code

Writes benchmarks/verdicts/siblings.jsonl, a row for each judge and kind: rows, and how many have
another verdict than they deserve, wrong ones that are paid and right ones that are refused.
"""

import argparse
import asyncio
from collections.abc import Iterator
from typing import Any

from labelled_judges import TASKS, judged, rows_of
from stored_rows import store


def kinds(name: str, when: str) -> Iterator[dict[str, Any]]:
    """A row for each kind of a set, in the set's order."""
    rows = rows_of("siblings", name)
    found = asyncio.run(judged(name, rows))
    of = [row["kind"] for row in rows]
    for kind in dict.fromkeys(of):
        here = [
            (bool(f), r["correct"]) for f, r in zip(found, rows, strict=True) if r["kind"] == kind
        ]
        yield {
            "judge": name,
            "kind": kind,
            "when": when,
            "rows": len(here),
            "paid": sum(said and not right for said, right in here),
            "refused": sum(right and not said for said, right in here),
        }


def main() -> None:
    """Measure, and store the rows."""
    parser = argparse.ArgumentParser(description="siblings of known defects")
    parser.add_argument("when", choices=("before", "after"))
    parser.add_argument("sets", nargs="*")
    asked = parser.parse_args()
    for name in asked.sets or TASKS:
        made = list(kinds(name, asked.when))
        odd = sum(row["paid"] + row["refused"] for row in made)
        print(
            f"{name}: {sum(row['rows'] for row in made)} rows, {odd} judged otherwise", flush=True
        )
        store("siblings", made, ("judge", "kind", "when"))


if __name__ == "__main__":
    main()
