"""The judge `code` beside the way in which public checkers run programs, on the same rows.

    python benchmarks/code_beside.py open            # or siblings, or kept
    python benchmarks/code_beside.py open --rows 40  # the first ones

The other one does as human-eval's `check_correctness` (github.com/openai/human-eval, MIT), and
checkers that are made of it, do: the program and its test are one source for one interpreter in a
process of its own, with a time limit, and what ends without an exception passes.  Inputs go to
stdin, and outputs are compared by their tokens.  The program is the last fenced block, or else the
whole reply.  It has no sandbox.  So it is run inside of ours here, and its figure of throughput has
that cost in it.

A line each: precision and recall with Wilson intervals of 95 %, rows without a verdict, and rows
per second of one worker.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from labelled_judges import TASKS, rows_of
from verdict_counts import timed

from whet.rewards.verifiable.code import Code
from whet.sandbox import Landlock, Limits, Program, Safest, Sandbox
from whet.types import Rollout, Task

LIMITS = Limits(wall_s=20.0, cpu_s=5.0)
_FENCED = re.compile(r"```(?:\w+)?\n(.*?)```", re.DOTALL)
_CALLED = """
import json
_known = globals().get("Solution")
_of = getattr(_known(), {name!r}) if _known else {name}
assert _of(*json.loads({arguments!r})) == json.loads({value!r})
"""
Row = Mapping[str, Any]


def ours(sandbox: Sandbox) -> Callable[[Row], bool | None]:
    """Our verdict."""
    judge = Code(sandbox=sandbox, limits=LIMITS, total_s=200.0)

    def said(row: Row) -> bool | None:
        task = Task(id=row["id"], prompt=row["question"], **TASKS["code"](row))
        verdict = judge.score(Rollout.from_text(task, row["reply"]))
        return bool(verdict.correct) if verdict.judged else None

    return said


def executed(sandbox: Sandbox) -> Callable[[Row], bool | None]:
    """One source, one process: passed if it ends without an exception."""

    def ended(source: str, given: str = "") -> str | None:
        done = sandbox.run(Program(source=source, stdin=given.encode()), LIMITS)
        return done.stdout.decode(errors="replace") if done.well else None

    def said(row: Row) -> bool | None:
        tests = TASKS["code"](row)["info"]["tests"]
        blocks = _FENCED.findall(row["reply"])
        code = f"{tests.get('prelude') or ''}\n{blocks[-1] if blocks else row['reply']}"
        if tests["kind"] == "stdin":
            pairs = zip(tests["inputs"], tests["outputs"], strict=True)
            return all((ended(code, i) or "").split() == str(o).split() for i, o in pairs)
        if tests["kind"] == "call":
            rests = [
                _CALLED.format(name=tests["fn_name"], arguments=json.dumps(i), value=json.dumps(o))
                for i, o in zip(tests["inputs"], tests["outputs"], strict=True)
            ]
        else:
            name = tests.get("entry_point")
            call = f"\ncheck({name})" if name else "\nimport unittest; unittest.main(exit=True)"
            call = call if name or row["format"] == "unittest" else ""
            rests = [f"{tests.get('setup') or ''}\n{source}{call}" for source in tests["asserts"]]
        return all(ended(f"{code}\n{rest}") is not None for rest in rests)

    return said


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="two judges of programs")
    parser.add_argument("half", choices=("open", "siblings", "kept"))
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--sandbox", choices=("Safest", "Landlock"), default="Safest")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    asked = parser.parse_args()
    sandbox = Landlock() if asked.sandbox == "Landlock" else Safest()
    rows = rows_of(asked.half, "code")
    rows = rows[: asked.rows or len(rows)]
    judges = {"whet code": ours(sandbox), "one source, one process": executed(sandbox)}
    timed(asked.half, "code", rows, judges, keep=asked.keep)


if __name__ == "__main__":
    main()
