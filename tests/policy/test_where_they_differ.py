"""The table of differences is what its script prints."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def cells(text: str) -> list[list[str]]:
    """The rows of the first table that has four columns."""
    lines = [line for line in text.splitlines() if line.startswith("|") and line.count("|") == 5]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_the_table_is_what_the_script_prints(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    said = cells((ROOT / "docs" / "where_they_differ.md").read_text())
    found = cells(import_module("where_they_differ").table())
    for module in ("where_they_differ", "newer_differences", "difference_rows", "six_rollouts"):
        monkeypatch.delitem(sys.modules, module)
    assert [row[:3] for row in said] == [row[:3] for row in found]
    assert len(found) > 60
    numbers = [[float(row[3]) for row in rows[2:]] for rows in (said, found)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-4)
