"""Siblings of the known kinds of wrong verdicts of `math`: each has its verdict."""

import json
from pathlib import Path

import pytest

from whet.rewards.verifiable.math import Math

FILE = Path(__file__).parents[3] / "benchmarks" / "labelled" / "siblings" / "math.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text().split("\n") if line]
MISSES: set[str] = set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_siblings(rolled, row):
    verdict = Math().score(rolled(row["reply"], prompt=row["question"], answer=row["gold"]))
    assert verdict.judged, verdict.note
    if row["id"] not in MISSES:
        assert verdict.correct is row["correct"], (row["gold"], row["reply"], row["why"])
