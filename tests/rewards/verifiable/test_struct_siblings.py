"""Every sibling of known faults of the judges of SQL, tool calls and JSON has its true verdict."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from whet.rewards.verifiable.json_fields import JsonFields
from whet.rewards.verifiable.sql import Sql
from whet.rewards.verifiable.tool_calls import ToolCalls

FOLDER = Path(__file__).parents[3] / "benchmarks" / "labelled" / "siblings"
KNOWN_MISSES: dict[str, str] = {}
"""Rows whose right verdict is out of reach, and why."""


def _rows(name):
    lines = (FOLDER / f"{name}.jsonl").read_text().splitlines()
    return [pytest.param(row, id=row["id"]) for row in map(json.loads, lines)]


def _check(verdict, row):
    assert verdict.judged, verdict.note
    expected = row["correct"] if row["id"] not in KNOWN_MISSES else not row["correct"]
    assert bool(verdict.correct) is expected, f"{row['kind']}: {row['why']}"


@pytest.mark.parametrize("row", _rows("sql"))
def test_queries(rolled, row):
    judge = Sql(limit_s=60.0)
    _check(judge.score(rolled(row["reply"], row["gold"], sql={"schema": row["schema"]})), row)


@pytest.mark.parametrize("row", _rows("tool_calls"))
def test_tool_calls(rolled, row):
    _check(ToolCalls().score(rolled(row["reply"], "", calls=row["gold"])), row)


@pytest.mark.skipif(find_spec("jsonschema") is None, reason="jsonschema is not installed")
@pytest.mark.parametrize("row", _rows("json_fields"))
def test_json(rolled, row):
    schema = {} if row["schema"] is None else {"schema": row["schema"]}
    answer = "" if row["gold"] is None else json.dumps(row["gold"])
    _check(JsonFields(limit_s=60.0).score(rolled(row["reply"], answer, **schema)), row)
