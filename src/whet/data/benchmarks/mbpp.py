"""MBPP: short Python functions with the tests in the prompt (Austin et al., arXiv:2108.07732)."""

import builtins
import re
from dataclasses import dataclass
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import fenced, whole_program
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_FUNCTION = re.compile(r"^def (\w+)\(", re.MULTILINE)
_FIRST, _LAST = 11, 510  # task ids of the test split


@dataclass(frozen=True, slots=True, kw_only=True)
class Mbpp(BenchmarkFile):
    """The test split of MBPP, task ids 11 to 510, judged by `code`; other rows are not read.

    The columns are `task_id`, `code` and `test_list`, and in the full set (`mbpp.jsonl`) `text`,
    `test_setup_code` and `challenge_test_list`, in the edited one (`sanitized-mbpp.json`) `prompt`
    and `test_imports`.  The prompt shows the tests of `test_list`, which name the function, and
    those alone are run, each by itself, as in the paper.

    Sources: the authors' README (github.com/google-research/google-research, mbpp) and the card of
    google-research-datasets/mbpp; Austin et al., arXiv:2108.07732.
    """

    family: ClassVar[str] = "mbpp"
    card: ClassVar[str] = "google-research-datasets/mbpp"
    kept: ClassVar[str] = f"the test split, task_id {_FIRST} to {_LAST}; give mbpp.jsonl"

    def keeps(self, row: BenchmarkRow) -> bool:
        return _FIRST <= row.whole("task_id") <= _LAST

    def read(self, row: BenchmarkRow) -> Task:
        asserts = row.texts("test_list")
        request = row.text("text", "prompt").strip()
        shown = f"The program has to pass these tests.\n\n{fenced(chr(10).join(asserts))}"
        tests = {
            "kind": "assert",
            "asserts": asserts,
            "setup": _setup(row),
            "names": _names(row.text("code")),
        }
        return Task(
            id=f"{self.family}/{row.whole('task_id')}",
            prompt=whole_program(f"{request}\n\n{shown}"),
            answer=row.text("code"),
            info={"family": self.family, "verifier": "code", "tests": tests},
        )


def _names(code: str) -> list[str]:
    """The functions of a solution that are named as Python's own are, such as `sum`."""
    return [name for name in _FUNCTION.findall(code) if hasattr(builtins, name)]


def _setup(row: BenchmarkRow) -> str:
    """The source that the tests need: that of the full set, or the imports of the edited one."""
    source = row.text("test_setup_code") if row.has("test_setup_code") else ""
    listed = row.texts("test_imports") if row.values.get("test_imports") else []
    return "\n".join([source, *listed]).strip()
