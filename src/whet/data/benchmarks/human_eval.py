"""HumanEval: Python functions to complete, with hidden tests (Chen et al., arXiv:2107.03374)."""

import re
from dataclasses import dataclass
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import fenced, whole_program
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_CHECK = re.compile(r"^def check\(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanEval(BenchmarkFile):
    """The rows of HumanEval, judged by `code`.

    The columns are `task_id`, `prompt`, `entry_point`, `canonical_solution` and `test`.  `prompt`
    ends in the head of the function that `entry_point` names, `test` defines `check(candidate)`,
    and the solution is the body of the function.

    The reply is a whole program, or the body of the function alone.  What stands before the
    function in `prompt`, its imports and the functions that it may use, is put in front of the
    program, for the authors' tests run prompt and completion together.

    Sources: the authors' code and data (github.com/openai/human-eval); Chen et al.,
    arXiv:2107.03374.
    """

    family: ClassVar[str] = "human_eval"
    card: ClassVar[str] = "openai/openai_humaneval"

    def read(self, row: BenchmarkRow) -> Task:
        name, test, given = row.text("entry_point"), row.text("test"), row.text("prompt")
        if not name.isidentifier() or f"def {name}(" not in given:
            raise row.wrong("entry_point", "give the name of the function that prompt begins")
        if _CHECK.search(test) is None:
            raise row.wrong("test", "define check(candidate) in it")
        head = given.rindex(f"def {name}(")
        tests = {
            "kind": "assert",
            "asserts": [test],
            "entry_point": name,
            "prelude": given[:head],
            "starter": given[head:],
        }
        return Task(
            id=row.identity("task_id"),
            prompt=whole_program(f"Complete this function.\n\n{fenced(given)}"),
            answer=f"{given}{row.text('canonical_solution')}",
            info={"family": self.family, "verifier": "code", "tests": tests},
        )
