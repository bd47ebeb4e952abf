"""Runs killed before, inside and after writes end as those that were not: benchmarks/kills.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@pytest.mark.full
@pytest.mark.parametrize("name", ["warm-up", "opponents"])
def test_a_few_runs_killed_in_turn_are_equal_to_their_twin(name, tmp_path):
    out = tmp_path / "kills.jsonl"
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    words = ["--runs", name, "--each", "5", "--out", str(out), "--place", str(tmp_path)]
    told = subprocess.run(
        [sys.executable, str(SCRIPT), *words], env=there, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in out.read_text().split("\n") if line]
    assert [row["difference"] for row in rows] == [""] * 5
    assert sum(row["killed"] for row in rows) >= 5  # the last one is killed several times
    assert f"5 of 5 runs equal after {sum(row['killed'] for row in rows)} kills" in told.stdout
    again = subprocess.run(
        [sys.executable, str(SCRIPT), *words], env=there, capture_output=True, text=True, check=True
    )
    assert len(again.stdout.strip().split("\n")) == 2  # the summary: nothing is made twice
