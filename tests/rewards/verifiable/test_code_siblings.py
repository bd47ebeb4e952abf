"""Every sibling of a known fault of the judge `code` gets the verdict that it deserves."""

import json
from pathlib import Path

import pytest

from whet.rewards.verifiable.code import Code
from whet.sandbox import Limits, Safest

FOLDER = Path(__file__).parents[3] / "benchmarks/labelled/siblings"
ROWS = [json.loads(line) for line in (FOLDER / "code.jsonl").read_text().splitlines()]
NODES = """from typing import *
class ListNode:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val, self.left, self.right = val, left, right
"""
SHORT = 12  # every so manieth row is tried without `-m full`
works = pytest.mark.skipif(bool(why := Safest().probe()), reason=why or "a sandbox works")


def suite_of(row):
    if row["format"] == "tests":
        return row["tests"]
    made = {"kind": "assert", "asserts": row["tests"]}
    return {**made, "prelude": NODES, "setup": NODES} if row["format"] == "leetcode" else made


@works
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row["id"], marks=[pytest.mark.full] if place % SHORT else [])
        for place, row in enumerate(ROWS)
    ],
)
def test_a_sibling_is_judged_as_it_deserves(rolled, row):
    judge = Code(limits=Limits(wall_s=20), total_s=120)
    verdict = judge.score(rolled(row["reply"], tests=suite_of(row)))
    assert bool(verdict.correct) is row["correct"], (row["why"], verdict.note)
    assert verdict.judged is ("no verdict" not in row["why"]), verdict.note
