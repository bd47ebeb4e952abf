"""LiveCodeBench: problems of programming contests by their date (Jain et al., arXiv:2403.07974)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import fenced, whole_program
from whet.data.benchmark_row import BenchmarkRow
from whet.data.contest_tests import ContestTest, contest_tests
from whet.types import Task, UsageError

_STDIN, _FUNCTIONAL = "stdin", "functional"
_FROM_STDIN = "Read the input from stdin and write the output to stdout."
_STAR = (
    "string", "re", "datetime", "collections", "heapq", "bisect", "copy", "math", "random",
    "statistics", "itertools", "functools", "operator", "io", "sys", "json", "builtins", "typing",
)  # fmt: skip
_PLAIN = tuple(name for name in _STAR if name not in ("builtins", "typing"))
_PRELUDE = "\n".join(
    (
        *(f"from {name} import *" for name in _STAR),
        *(f"import {name}" for name in _PLAIN),
        "sys.setrecursionlimit(50000)",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCodeBench(BenchmarkFile):
    """The rows of a release of LiveCodeBench's code generation, judged by `code`.

    `path` is `test.jsonl`, or the pattern `test*.jsonl` for several releases.  The rows are those
    of contests from `since` to `until`, both included, where they are given (YYYY-MM-DD).

    The columns are `question_id`, `question_content`, `starter_code`, `contest_date`, `difficulty`,
    `platform`, `public_test_cases`, `private_test_cases` and `metadata`.  All tests are run, those
    of the public cases first.  Private cases are JSON, or a text of JSON that was pickled,
    compressed by zlib and written in base64; no pickle is run: see `whet.data.pickled_text`.
    Where `metadata` has a `func_name`, the tests call that function, or that method of a class
    `Solution`; otherwise they are inputs on stdin.  The same imports as the authors' stand before
    the program.

    Here a test may take as long as the settings of `code` say; there it is 6 s.  Numbers may
    differ by 1e-6; there they may not.

    Sources: the authors' loader and tests (github.com/LiveCodeBench/LiveCodeBench); Jain et al.,
    arXiv:2403.07974.
    """

    since: str = ""
    until: str = ""
    family: ClassVar[str] = "live_code_bench"
    card: ClassVar[str] = "livecodebench/code_generation_lite"
    kept: ClassVar[str] = "contests between since and until; give a wider window"

    def __post_init__(self) -> None:
        """Raise `UsageError` for dates that are none."""
        for name in ("since", "until"):
            if (text := getattr(self, name)) and _day(text) is None:
                raise UsageError(f"live_code_bench.{name} is {text!r}; give YYYY-MM-DD")

    def keeps(self, row: BenchmarkRow) -> bool:
        day = _day(row.text("contest_date"))
        if day is None:
            raise row.wrong("contest_date", "give YYYY-MM-DD, perhaps with a time")
        return (_day(self.since) or day) <= day <= (_day(self.until) or day)

    def read(self, row: BenchmarkRow) -> Task:
        name = _function(row)
        kind = _FUNCTIONAL if name else _STDIN
        cases = [
            *(contest_tests(row, "public_test_cases", kind) if _any(row) else ()),
            *contest_tests(row, "private_test_cases", kind),
        ]
        facts: dict[str, Any] = {c: row.text(c) for c in ("difficulty", "platform") if row.has(c)}
        return Task(
            id=f"{self.family}/{row.identity('question_id')}",
            prompt=_prompt(row),
            info={
                "family": self.family,
                "verifier": "code",
                "tests": _tests(cases, name),
                "contest_date": row.text("contest_date")[:10],
                **facts,
            },
        )


def _any(row: BenchmarkRow) -> bool:
    """Whether there are public cases; contests without samples have none."""
    return row.has("public_test_cases") and row.json("public_test_cases") != []


def _function(row: BenchmarkRow) -> str:
    """The name of the function to call; empty where the tests are inputs on stdin."""
    held = row.json("metadata") if row.has("metadata") else {}
    name = held.get("func_name") if isinstance(held, Mapping) else held
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise row.wrong("metadata", "give an object, whose func_name is a name or absent")
    return name or ""


def _tests(cases: list[ContestTest], name: str) -> dict[str, Any]:
    tests = {
        "kind": "call" if name else "stdin",
        "inputs": [case.given for case in cases],
        "outputs": [case.expected for case in cases],
        "prelude": _PRELUDE,
    }
    return tests | ({"fn_name": name} if name else {})


def _prompt(row: BenchmarkRow) -> str:
    question = row.text("question_content").strip()
    if row.has("starter_code"):
        begun = fenced(row.text("starter_code"))
        return whole_program(f"{question}\n\nThe program begins like this.\n\n{begun}")
    return whole_program(f"{question}\n\n{_FROM_STDIN}")


def _day(text: str) -> date | None:
    """The day of an ISO date or time; None for other text."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
