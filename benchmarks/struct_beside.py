"""Judges of SQL, tool calls and JSON beside public ways to judge, on the same labelled rows.

    python benchmarks/struct_beside.py open        # the half of benchmarks/labelled, or `siblings`

SQL: execution match on one database, rows as a set, as the scripts of BIRD and Spider do it; the
database is the first of ours, because neither has one for these schemas.  Tool calls: BFCL's check
of the syntax tree, where bfcl-eval can be imported.  `pip install --no-deps bfcl-eval` is enough:
its table of models, which needs every vendor's client, only renames functions, and is left empty.
JSON: json.loads, jsonschema and Python's ==.
A line for each: precision and recall with Wilson intervals of 95 %, wrong replies paid, right ones
refused, and rows per second of processor time in one process, without start-up.
"""

import argparse
import json
import re
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from labelled_judges import rows_of
from verdict_counts import HEAD, Counts, counted

from whet.calls.strict import due
from whet.rewards.verifiable.call_replies import replied
from whet.rewards.verifiable.extraction import after_think, without_end_marks
from whet.rewards.verifiable.json_replies import value_in
from whet.rewards.verifiable.json_schema import valid
from whet.rewards.verifiable.sql.instances import PROFILES, filled
from whet.rewards.verifiable.sql.reward import query_of
from whet.rewards.verifiable.sql.running import Question, Unanswered, compared
from whet.rewards.verifiable.tool_calls import alike
from whet.types import Finish

Row = Mapping[str, Any]
_STEPS, _ROWS = 2_000_000, 10_000


def _text(row: Row) -> str:
    return after_think(without_end_marks(row["reply"])) or ""


def our_sql(row: Row) -> bool:
    """The reward `sql`, without its worker processes."""
    query = query_of(_text(row))
    question = Question(
        schema=row["schema"], gold=row["gold"].strip(), seed=0, rows=12, instances=3, steps=_STEPS,
        most=_ROWS,
    )  # fmt: skip
    try:
        return bool(query) and compared(question, query).reason == "ok"
    except Unanswered:
        return False


def one_database(row: Row) -> bool:
    """Both queries on one database, rows compared as a set."""
    database = filled(row["schema"], 12, row["gold"], 0, PROFILES[0])
    database.set_progress_handler(iter([0] * (_STEPS // 1000) + [1] * 9).__next__, 1000)
    try:
        wanted = set(database.execute(row["gold"]).fetchall())
        return set(database.execute(query_of(_text(row))).fetchmany(_ROWS)) == wanted
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        return False


def our_calls(row: Row) -> bool:
    """The reward `tool_calls`."""
    try:
        found, wanted = replied(_text(row)), due(row["gold"])
    except ValueError:
        return False
    if not found or not wanted:
        return not found and not wanted and bool(_text(row).strip())
    parts = alike(found, wanted)
    return sum(parts.values()) == 2 * parts["most"]


def bfcl_calls(row: Row) -> bool:
    """BFCL's checker on what json.loads finds in the tags, or in the whole reply."""
    known = SimpleNamespace(underscore_to_dot=False)
    table = SimpleNamespace(MODEL_CONFIG_MAPPING=defaultdict(lambda: known))
    sys.modules.setdefault("bfcl_eval.constants.model_config", cast("ModuleType", table))
    from bfcl_eval.constants.enums import Language  # pyright: ignore[reportMissingImports]
    from bfcl_eval.eval_checker.ast_eval.ast_checker import (  # pyright: ignore[reportMissingImports]
        ast_checker,
    )

    try:
        calls = _plain_calls(_text(row))
    except (ValueError, RecursionError):
        return False
    if not row["gold"] or not calls:
        return not row["gold"] and not calls
    functions = [json.loads(json.dumps(tool["function"]).replace('"object"', '"dict"').replace(
        '"number"', '"float"')) for tool in row["tools"]]  # fmt: skip
    answer = [{one["name"]: _possible(one["arguments"])} for one in row["gold"]]
    kind = "parallel" if len(answer) > 1 else "multiple" if len(functions) > 1 else "simple"
    try:
        found = [{one["name"]: one["arguments"]} for one in calls]
        return ast_checker(functions, found, answer, Language.PYTHON, kind, "any")["valid"]
    except (KeyError, TypeError, AttributeError, IndexError):
        return False


def _possible(value: Any) -> Any:
    """A value in BFCL's form of acceptable ones: each entry of an object is a list of them."""
    if isinstance(value, dict):
        return {name: [_possible(one)] for name, one in value.items()}
    return [_possible(one) for one in value] if isinstance(value, list) else value


def _plain_calls(text: str) -> list[Any]:
    tagged = re.findall(r"<tool_call>(.*?)</tool_call>", text, re.DOTALL)
    if tagged:
        return [json.loads(one) for one in tagged]
    fence = re.search(r"```(?:json)?\n(.*?)```", text, re.DOTALL)
    source = fence[1] if fence else text.strip()
    return json.loads(source) if source.startswith("[") else []


def our_json(row: Row) -> bool:
    """The reward `json_fields`, without its worker processes."""
    right = [] if row["gold"] is None else [row["gold"]]
    begins = "{[" if not right else {dict: "{", list: "["}.get(type(right[0]), "")
    try:
        found = value_in(_text(row), Finish.STOP, begins)
    except ValueError:
        return False
    from whet.calls.literals import same

    if row["schema"] is not None and not valid(row["schema"], right, [found]):
        return False
    return not right or same(found, right[0])


def plain_json(row: Row) -> bool:
    """json.loads of the last fence or of the whole reply, jsonschema, and ==."""
    from jsonschema import validate
    from jsonschema.exceptions import ValidationError
    from referencing.exceptions import Unresolvable

    fences = re.findall(r"```(?:json)?\n(.*?)\n```", _text(row), re.DOTALL)
    try:
        found = json.loads(fences[-1] if fences else _text(row))
        if row["schema"] is not None:
            validate(found, row["schema"])
    except (ValueError, ValidationError, RecursionError, OverflowError, Unresolvable):
        return False
    return row["gold"] is None or found == row["gold"]


WAYS: Mapping[str, Mapping[str, Callable[[Row], bool]]] = {
    "sql": {"whet sql": our_sql, "one database": one_database},
    "tool_calls": {"whet tool_calls": our_calls, "BFCL's ast_checker": bfcl_calls},
    "json_fields": {"whet json_fields": our_json, "json.loads, jsonschema, ==": plain_json},
}


def measured(half: str, name: str, title: str, judge: Callable[[Row], bool]) -> Counts:
    """The counts of one judge."""
    rows = rows_of(half, name)
    begin = time.process_time()
    said = [judge(row) for row in rows]
    rate = len(rows) / (time.process_time() - begin)
    return counted((half, name, title), rows, said, rate)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="judges beside public ones")
    parser.add_argument("half", choices=("open", "siblings", "kept"))
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    asked = parser.parse_args()
    print("\n".join(HEAD))
    for name in asked.sets or WAYS:
        for title, judge in WAYS[name].items():
            try:
                counts = measured(asked.half, name, title, judge)
            except ImportError as missing:
                print(f"{title}: not measured, {missing}", flush=True)
                continue
            print(counts.line(), flush=True)
            if asked.keep:
                counts.keep()


if __name__ == "__main__":
    main()
