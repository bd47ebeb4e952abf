"""GSM8K: word problems of grade school (Cobbe et al., arXiv:2110.14168)."""

import re
from dataclasses import dataclass
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import boxed_answer
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_MARK = "####"
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gsm8K(BenchmarkFile):
    """The rows of GSM8K, judged by `math`.

    The columns are `question` and `answer`.  The answer is a worked solution, of which the last
    line is `#### ` and the number; commas in it are separators of thousands.

    Sources: openai/gsm8k as lm-evaluation-harness reads it; Cobbe et al., arXiv:2110.14168.
    """

    family: ClassVar[str] = "gsm8k"
    card: ClassVar[str] = "openai/gsm8k"

    def read(self, row: BenchmarkRow) -> Task:
        marks = row.text("answer").count(_MARK)
        last = row.text("answer").rpartition(_MARK)[2].strip().removeprefix("$")
        if marks != 1 or _NUMBER.fullmatch(last) is None:
            raise row.wrong("answer", f"end it in one line {_MARK} and a number")
        return Task(
            id=f"{self.family}/{row.place}",
            prompt=boxed_answer(row.text("question")),
            answer=last.replace(",", ""),
            info={"family": self.family, "verifier": "math"},
        )
