"""AMC: problems of the American Mathematics Competitions with a number in place of the options."""

from dataclasses import dataclass
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_numbers import numeric
from whet.data.benchmark_prompts import boxed_answer
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Amc(BenchmarkFile):
    """The rows of an AMC file, judged by `math`.  The answer is a number.

    The columns are `problem` or `question`, `answer`, and perhaps `id`.  AI-MO's table has its
    answers as floats, so that 27.0 stands for 27.

    Sources: the card of AI-MO/aimo-validation-amc (83 problems of AMC 12 of 2022 and 2023).  The
    columns of math-ai/amc23 are from memory.
    """

    family: ClassVar[str] = "amc"
    card: ClassVar[str] = "AI-MO/aimo-validation-amc"

    def read(self, row: BenchmarkRow) -> Task:
        return Task(
            id=f"{self.family}/{row.identity('id')}",
            prompt=boxed_answer(row.text("problem", "question")),
            answer=numeric(row, "answer"),
            info={"family": self.family, "verifier": "math"},
        )
