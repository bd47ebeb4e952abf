"""GPQA: graduate-level multiple choice in three sciences (Rein et al., arXiv:2311.12022)."""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import one_letter
from whet.data.benchmark_row import BenchmarkRow
from whet.types import Task

_RIGHT = "Correct Answer"
_WRONG = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_LETTERS = "ABCD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpqa(BenchmarkFile):
    """The rows of one file of GPQA, such as `gpqa_diamond.csv`, judged by `choice`.

    The columns are `Question`, `Correct Answer`, `Incorrect Answer 1` to `3` and `Record ID`, and
    perhaps `High-level domain` and `Subdomain`.  Those that begin with `Pre-Revision` or `Extra
    Revised` are other versions of the question, and are not read.  Blanks around a text go.

    The options are shuffled by a random stream of `seed` and the record's id.  So their order
    depends on no other row, and the right one is at each letter equally often.

    Sources: the header of `gpqa_diamond.csv` in openai/simple-evals; Rein et al., arXiv:2311.12022.
    """

    seed: int = 0
    family: ClassVar[str] = "gpqa"
    card: ClassVar[str] = "Idavidrein/gpqa, one csv of it"

    def read(self, row: BenchmarkRow) -> Task:
        record = row.identity("Record ID")
        texts = [_option(row, column) for column in (_RIGHT, *_WRONG)]
        order = list(range(len(texts)))
        Random(f"{self.seed}/{record}").shuffle(order)
        options = [texts[place] for place in order]
        domain = {
            name: row.text(column)
            for name, column in (("domain", "High-level domain"), ("subdomain", "Subdomain"))
            if row.has(column)
        }
        return Task(
            id=f"{self.family}/{record}",
            prompt=one_letter(row.text("Question"), options),
            answer=_LETTERS[order.index(0)],
            info={"family": self.family, "verifier": "choice", "choices": options, **domain},
        )


def _option(row: BenchmarkRow, column: str) -> str:
    """The text of an option; tables that tell numbers from text may hold a number."""
    held = row.value(column)
    number = isinstance(held, int | float) and not isinstance(held, bool) and held == held  # noqa: PLR0124
    return str(held) if number else row.text(column).strip()
