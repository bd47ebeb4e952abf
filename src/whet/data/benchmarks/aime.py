"""AIME: problems of the American Invitational Mathematics Examination, answered by an integer."""

from dataclasses import dataclass
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_numbers import numeric
from whet.data.benchmark_prompts import boxed_answer
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_PROBLEM = ("problem", "Problem", "question", "Question")
_ANSWER = ("answer", "Answer")
_ID = ("id", "ID", "problem_idx")
_LARGEST = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Aime(BenchmarkFile):
    """The rows of an AIME file, judged by `math`.  The answer is an integer from 0 to 999.

    The columns differ from card to card, and one of each kind is enough: `problem`, `Problem`,
    `question` or `Question`; `answer` or `Answer`; `id`, `ID` or `problem_idx`.  The answer is an
    integer, a float, or text that may have leading zeros or a degree sign.

    Sources: the cards of HuggingFaceH4/aime_2024 and AI-MO/aimo-validation-aime; the columns of
    yentinglin/aime_2025, math-ai/aime25, Maxwell-Jia/AIME_2024 and gneubig/aime-1983-2024 as
    lighteval and lm-evaluation-harness read them.  MathArena/aime_2025 and opencompass/AIME2025 are
    from memory.
    """

    family: ClassVar[str] = "aime"
    card: ClassVar[str] = "HuggingFaceH4/aime_2024 or another AIME card"

    def read(self, row: BenchmarkRow) -> Task:
        answer = numeric(row, row.named(*_ANSWER))
        if not answer.isdigit() or int(answer) > _LARGEST:
            raise row.wrong(row.named(*_ANSWER), f"give an integer from 0 to {_LARGEST}")
        return Task(
            id=f"{self.family}/{row.identity(*_ID)}",
            prompt=boxed_answer(row.text(*_PROBLEM)),
            answer=answer,
            info={"family": self.family, "verifier": "math"},
        )
