"""OlympiadBench: open-ended problems of olympiads in English (He et al., arXiv:2402.14008)."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_prompts import boxed_answer
from whet.data.benchmark_row import BenchmarkRow
from whet.rewards.verifiable.math.tolerance import parts
from whet.types import Task

_IMAGE = re.compile(r"<img_\d+>")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SEVERAL = "Give all answers in one box, with commas between them."
_UNIT = "The answer is in {}; leave the unit out of the box."
_FILE = "give a file of open-ended text-only problems in English, such as OE_TO_maths_en_COMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class OlympiadBench(BenchmarkFile):
    r"""The text-only English rows of OlympiadBench, judged by `math`.

    The columns are `id`, `question`, `final_answer`, `is_multiple_answer`, `unit`, `error` and
    `answer_type`; `context`, where it is given, comes before the question.  `final_answer` is a
    list of one text.  Where `is_multiple_answer` is true, that text has several answers with
    commas between them, all of which are wanted, in any order.  Where they read as one number with
    thousands, such as 100,200, their order counts.  `error` is the absolute error that is allowed,
    or one for each of several answers with commas between them; an empty one allows none.  It
    applies to plain numbers; the authors' judge evaluates other formulas too.

    Rows with an image, in Chinese, or without an answer, as those of theorem proofs, are refused:
    each category is a file of its own.

    Sources: the authors' README and judge (github.com/OpenBMB/OlympiadBench); He et al.,
    arXiv:2402.14008.  Two columns of Hothan/OlympiadBench, `modality` and `language`, are from
    memory.
    """

    family: ClassVar[str] = "olympiad_bench"
    card: ClassVar[str] = "Hothan/OlympiadBench"

    def read(self, row: BenchmarkRow) -> Task:
        _insist_on_text_in_english(row)
        question = row.text("question")
        if row.has("context"):
            question = f"{row.text('context').strip()}\n{question}"
        several, unit = _several(row), row.text("unit").strip("$ ") if row.has("unit") else ""
        told = [question, _UNIT.format(unit) if unit else "", _SEVERAL if several else ""]
        answer = _answer(row)
        allowed = _allowed(row, len(parts(answer)) if several else 1)
        facts: dict[str, Any] = {"abs_tol": allowed} if allowed else {}
        return Task(
            id=f"{self.family}/{row.identity('id')}",
            prompt=boxed_answer("\n\n".join(filter(None, told))),
            answer=answer,
            info={"family": self.family, "verifier": "math", **facts},
        )


def _insist_on_text_in_english(row: BenchmarkRow) -> None:
    for column, wanted in (("modality", "Text-only"), ("language", "English")):
        if row.has(column) and row.value(column) != wanted:
            raise row.wrong(column, _FILE)
    if _IMAGE.search(row.text("question")) or _CHINESE.search(row.text("question")):
        raise row.wrong("question", f"it has an image or is in Chinese; {_FILE}")


def _several(row: BenchmarkRow) -> bool:
    held = row.value("is_multiple_answer")
    if not isinstance(held, bool):
        raise row.wrong("is_multiple_answer", "give true or false")
    return held


def _answer(row: BenchmarkRow) -> str:
    """The answers in one text, without the dollars around each."""
    found = row.texts("final_answer")
    if len(found) > 1:
        raise row.wrong("final_answer", "give one text; several answers stand in it with commas")
    return found[0].replace("$", "").strip()


def _allowed(row: BenchmarkRow, count: int) -> list[str]:
    """The absolute error of each answer, as text; none where no error is allowed."""
    if not row.has("error"):
        return []
    errors = [one.strip() or "0" for one in str(row.value("error")).split(",")]
    if len(errors) not in (1, count) or not all(map(_is_error, errors)):
        raise row.wrong("error", f"give one error, or {count} with commas, each 0 or more")
    return errors * count if len(errors) == 1 else errors


def _is_error(text: str) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and value >= 0
