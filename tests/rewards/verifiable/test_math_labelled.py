"""Labelled replies of later writers: `math` has each verdict but for those that are named here."""

import json
from pathlib import Path

import pytest

from whet.rewards.verifiable.math import Math

FOLDER = Path(__file__).parents[3] / "benchmarks" / "labelled"
MISSES: dict[str, str] = {
    "second": "",
    "third": "",
    "fourth": (
        "fa-026-a fa-045-c fa-046-c fa-054-b fa-054-c fa-058-b fa-090-b fa-099-c fa-107-c "
        "fa-114-b fb-047-b fb-054-b fb-094-b fb-095-b fb-102-c"
    ),
    "fifth": (
        "fc-026-b fc-030-b fc-038-b fc-046-b fc-053-a fc-053-c fc-060-b fc-060-c fc-062-b "
        "fc-062-c fd-022-c fd-037-b fd-074-c"
    ),
    "sixth": "fe-001-b fe-042-b fe-048-c fe-051-b fe-053-c ff-004-a ff-035-b ff-069-d",
}  # right replies that are refused; no wrong one is paid


LONG = pytest.mark.full


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=LONG if n in ("fourth", "fifth") else ()) for n in MISSES]
)
def test_the_verdicts_of_labelled_replies(rolled, name):
    text = (FOLDER / name / "math.jsonl").read_text()
    rows = [json.loads(line) for line in text.split("\n") if line]
    judge = Math()
    verdicts = {
        row["id"]: judge.score(rolled(row["reply"], prompt=row["question"], answer=row["gold"]))
        for row in rows
    }
    assert all(verdict.judged for verdict in verdicts.values())
    missed = {row["id"] for row in rows if verdicts[row["id"]].correct is not row["correct"]}
    assert missed == set(MISSES[name].split())
    paid = {row["id"] for row in rows if verdicts[row["id"]].correct and not row["correct"]}
    assert not paid
