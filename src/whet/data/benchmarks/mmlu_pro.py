"""MMLU-Pro: multiple choice of up to ten options in 14 subjects (Wang et al., arXiv:2406.01574)."""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import one_letter
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_FILLER = "N/A"
_MOST = 10  # options
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MmluPro(BenchmarkFile):
    """The rows of MMLU-Pro, judged by `choice`.

    The columns are `question_id`, `question`, `options`, `answer`, `answer_index`, and perhaps
    `category` and `src`.  `answer` is the letter of the option at `answer_index`, from 0.  Options
    `N/A` are fillers: they are left out, and the letter of the answer is counted without them, as
    the authors do.

    Sources: the authors' evaluation (github.com/TIGER-AI-Lab/MMLU-Pro), which reads all of these
    columns but `src`; Wang et al., arXiv:2406.01574.
    """

    family: ClassVar[str] = "mmlu_pro"
    card: ClassVar[str] = "TIGER-Lab/MMLU-Pro"

    def read(self, row: BenchmarkRow) -> Task:
        place, listed = _right(row), row.texts("options")
        options = [text.strip() for text in listed if text != _FILLER]
        facts: dict[str, Any] = {c: row.text(c) for c in ("category", "src") if row.has(c)}
        before = listed[:place].count(_FILLER)
        return Task(
            id=f"{self.family}/{row.identity('question_id')}",
            prompt=one_letter(row.text("question"), options),
            answer=ascii_uppercase[place - before],
            info={"family": self.family, "verifier": "choice", "choices": options, **facts},
        )


def _right(row: BenchmarkRow) -> int:
    """The position of the right option among all; raises `UsageError` where the columns differ."""
    listed, place = row.texts("options"), row.whole("answer_index")
    real = [text for text in listed if text != _FILLER]
    if not _FEWEST <= len(real) <= len(listed) <= _MOST:
        raise row.wrong("options", f"give {_FEWEST} to {_MOST} options")
    if not 0 <= place < len(listed) or listed[place] == _FILLER:
        raise row.wrong("answer_index", f"give the place of an option, from 0 to {len(listed) - 1}")
    letter = ascii_uppercase[place]
    if row.text("answer").strip() != letter:
        raise row.wrong("answer", f"answer_index is {place}, the place of {letter}; mend one")
    return place
