"""Verdicts of the judges on the labelled replies of benchmarks/labelled.

    python benchmarks/labelled_judges.py open math choice     # one half of some sets; default: all
    python benchmarks/labelled_judges.py open math --show 20  # and rows that were judged otherwise
    python benchmarks/labelled_judges.py open --keep whet     # and write benchmarks/verdicts

The half `kept` is measured after changes, and never looked at.  A line per set: rows,
precision and recall with Wilson intervals of 95 %, wrong replies that were paid, right ones that
were refused, and rows without a verdict (which count as refused).
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from verdict_counts import HEAD, counted

from whet.protocols import Judge
from whet.rewards.judging import context_of, verdicts
from whet.rewards.verifiable.choice import Choice
from whet.rewards.verifiable.code import Code
from whet.rewards.verifiable.constraints.reward import Constraints
from whet.rewards.verifiable.json_fields import JsonFields
from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.qa_exact import QaExact
from whet.rewards.verifiable.sql.reward import Sql
from whet.rewards.verifiable.tool_calls import ToolCalls
from whet.types import Group, Rollout, Task

FOLDER = Path(__file__).with_name("labelled")
_AT_ONCE = 8  # calls
_NODES = """from collections import *
from heapq import *
from math import *
from typing import *


class ListNode:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next


class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val, self.left, self.right = val, left, right
"""
Row = Mapping[str, Any]


def _tests(row: Row) -> dict[str, Any]:
    """The tests of a program in the form of `code`."""
    tests, made = row["tests"], {"kind": "assert", "asserts": row["tests"]}
    if row["format"] == "tests":  # in the form of `code` already
        return tests
    if row["format"] == "stdin":
        places = ("inputs", "input"), ("outputs", "output")
        return {"kind": "stdin"} | {name: [one[key] for one in tests] for name, key in places}
    if row["format"] == "humaneval":
        name = row["entry_point"]
        head, begin, rest = row["question"].rpartition(f"def {name}(")
        made |= {"asserts": [tests], "entry_point": name, "prelude": _code_of(head)}
        return made | {"starter": f"{begin}{rest.partition('```')[0]}"}
    if row["format"] == "leetcode":
        return made | {"prelude": _NODES, "setup": _NODES}
    if row["format"] == "unittest":
        return made | {"asserts": [tests]}
    return made


def _code_of(head: str) -> str:
    """What stands before a function in its prompt, where it is Python."""
    fence = head.rpartition("```python\n")
    source = fence[2]
    try:
        compile(source, "prompt", "exec")
    except SyntaxError:
        return ""
    return source


TASKS: Mapping[str, Callable[[Row], Mapping[str, Any]]] = {
    "math": lambda row: {"answer": row["gold"]},
    "choice": lambda row: {"answer": row["gold"], "info": {"choices": row["options"]}},
    "qa": lambda row: {"answer": row["golds"][0], "info": {"answers": row["golds"]}},
    "constraints": lambda row: {
        "info": {"instruction_id_list": row["instruction_id_list"], "kwargs": row["kwargs"]}
    },
    "code": lambda row: {"info": {"tests": _tests(row)}},
    "sql": lambda row: {"answer": row["gold"], "info": {"sql": {"schema": row["schema"]}}},
    "tool_calls": lambda row: {"info": {"calls": row["gold"]}},
    "json_fields": lambda row: {
        "answer": json.dumps(row["gold"]) if row["gold"] else "",
        "info": {"schema": row["schema"]} if row["schema"] else {},
    },
}
JUDGES: Mapping[str, Judge] = {
    "math": Math(),
    "choice": Choice(),
    "qa": QaExact(),
    "constraints": Constraints(),
    "code": Code(),
    "sql": Sql(),
    "tool_calls": ToolCalls(),
    "json_fields": JsonFields(),
}


def rows_of(half: str, name: str) -> list[Row]:
    """The labelled rows of one half of a set."""
    lines = (FOLDER / half / f"{name}.jsonl").read_bytes().split(b"\n")
    return [json.loads(line) for line in lines if line]


async def judged(name: str, rows: Sequence[Row]) -> list[bool | None]:
    """Whether each reply was judged correct; None without a verdict."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Row) -> bool | None:
        prompt = row.get("question") or row.get("prompt") or ""
        task = Task(id=row["id"], prompt=prompt, **TASKS[name](row))
        group = Group.of([Rollout.from_text(task, row["reply"])])
        async with room:
            [verdict] = await verdicts(group, JUDGES[name], context_of())
        if not verdict.judged:
            print(f"    {row['id']}: {verdict.note[:150]}")
        return bool(verdict.correct) if verdict.judged else None

    return list(await asyncio.gather(*map(one, rows)))


def main() -> None:
    """Print the table, and rows that were judged otherwise than they are labelled."""
    parser = argparse.ArgumentParser(description="judges on labelled replies")
    parser.add_argument("half", choices=[f.name for f in sorted(FOLDER.iterdir()) if f.is_dir()])
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--keep", default="", help="write rows of a judge of this name")
    asked = parser.parse_args()
    print("\n".join(HEAD))
    for name in asked.sets or TASKS:
        rows = rows_of(asked.half, name)
        found = asyncio.run(judged(name, rows))
        counts = counted((asked.half, name, asked.keep or "whet"), rows, found)
        print(counts.line(), flush=True)
        if asked.keep:
            counts.keep()
        odd = [(r, f) for r, f in zip(rows, found, strict=True) if bool(f) != r["correct"]]
        for row, said in odd[: asked.show]:
            gold = row.get("gold", row.get("golds", ""))
            print(f"    {row['id']} said {said}, {row['why']}: {gold!r} <- {row['reply'][-160:]!r}")


if __name__ == "__main__":
    main()
