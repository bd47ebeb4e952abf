"""MATH-500: five hundred problems of MATH (Lightman et al., arXiv:2305.20050)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import boxed_answer
from whet.data.benchmark_row import BenchmarkRow
from whet.rewards.verifiable.extraction import boxed
from whet.types import Task

_LEVELS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Math500(BenchmarkFile):
    r"""The rows of MATH-500 or of MATH, judged by `math`.

    The columns are `problem`, `answer`, `solution`, and perhaps `unique_id`, `subject` and `level`.
    The answer is the formula of `answer`, or without that column, as in MATH itself, the last
    \boxed{…} of `solution`.  A box around `answer` is taken off.  The level is a number from 1 to
    5, or `Level 5` as in MATH.

    Sources: HuggingFaceH4/MATH-500 as lighteval reads it (`problem`, `solution`, `answer`);
    Lightman et al., arXiv:2305.20050; MATH, Hendrycks et al., arXiv:2103.03874.  The other columns
    are from memory.
    """

    family: ClassVar[str] = "math_500"
    card: ClassVar[str] = "HuggingFaceH4/MATH-500"

    def read(self, row: BenchmarkRow) -> Task:
        facts: dict[str, Any] = {}
        if row.has("level"):
            facts["level"] = _level(row)
        if row.has("subject") or row.has("type"):
            facts["subject"] = row.text("subject", "type")
        return Task(
            id=f"{self.family}/{row.identity('unique_id')}",
            prompt=boxed_answer(row.text("problem")),
            answer=_answer(row),
            info={"family": self.family, "verifier": "math", **facts},
        )


def _answer(row: BenchmarkRow) -> str:
    column = "answer" if "answer" in row.values else "solution"
    text = row.text(column)
    boxes = [box for box in boxed(text) if box]
    if column == "solution" and not boxes:
        raise row.wrong(column, r"give a solution with \boxed{…}, or a column answer")
    return boxes[-1] if boxes else text.strip()


def _level(row: BenchmarkRow) -> int:
    text = str(row.value("level")).removeprefix("Level").strip().removesuffix(".0")
    if text not in _LEVELS:
        raise row.wrong("level", "give a level from 1 to 5")
    return int(text)
