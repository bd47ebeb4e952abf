"""Labelled replies of later writers: `math` has each verdict but for those that are named here."""

import json
from pathlib import Path

import pytest

from whet.rewards.verifiable.math import Math

FOLDER = Path(__file__).parents[3] / "benchmarks" / "labelled"
MISSES: dict[str, set[str]] = {
    "second": set(),
    "third": set(),
    "fourth": set(),
    "fifth": set(),
}


@pytest.mark.parametrize("name", MISSES)
def test_the_verdicts_of_labelled_replies(rolled, name):
    rows = [json.loads(line) for line in (FOLDER / name / "math.jsonl").open()]
    judge = Math()
    verdicts = {
        row["id"]: judge.score(rolled(row["reply"], prompt=row["question"], answer=row["gold"]))
        for row in rows
    }
    assert all(verdict.judged for verdict in verdicts.values())
    missed = {row["id"] for row in rows if verdicts[row["id"]].correct is not row["correct"]}
    assert missed == MISSES[name]
    paid = {row["id"] for row in rows if verdicts[row["id"]].correct and not row["correct"]}
    assert not paid
