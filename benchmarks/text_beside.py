r"""Our judges of choices, short answers and constraints beside public graders, on the same rows.

    python -m venv beside
    beside/bin/pip install --no-deps if-verifiable lm-eval torchmetrics lightning-utilities \
        immutabledict absl-py
    python benchmarks/text_beside.py open --peers beside/lib/python3.11/site-packages

The half is `open`, `siblings`, or `kept`, which is measured once.  Each public grader is a line
below ours, with precision and recall (Wilson intervals of 95 %) and rows a second:

- choice: the filter `multi_choice_regex` of lm-evaluation-harness, set as for GPQA; and the pattern
  of MMLU-Pro and simple-evals, `Answer: X` or `answer is (X)`, else the last capital that stands
  alone.  The package nvidia-simple-evals carries that pattern, but its import needs a client of
  every API, so the pattern is written here.
- short answers: SQuAD's exact match as torchmetrics computes it, of the text after `Answer:` or in
  `<answer>`, else of the whole reply.  transformers 5 has dropped `squad_metrics`, and the metric
  of `evaluate` is downloaded at its first use.
- constraints: IFEval's own checkers, strictly, as if-verifiable carries them (lm-eval has them too,
  but its import downloads).  They count sentences and capital words with nltk's `punkt_tab`, which
  no package carries.  Where it is missing, such rows are left out of both lines.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from labelled_judges import judged, rows_of
from verdict_counts import HEAD, Counts, counted

Row = Mapping[str, Any]
Verdicts = list[bool | None]  # None: data of the grader is missing
Grader = Callable[[Sequence[Row]], Verdicts]
_ANSWER_IS = re.compile(r"answer(?:\s+is|\s*:)\s*\**\s*\(?([A-J])\b\)?", re.IGNORECASE)
_MARKED = re.compile(r"<answer>(.*?)</answer>|answer:\s*([^\n]+)", re.IGNORECASE | re.DOTALL)


def _answered(row: Row) -> str:
    """The reply after its thoughts; public graders are given no more."""
    return row["reply"].rpartition("</think>")[2]


def _harness_choice() -> Grader:
    """lm-evaluation-harness: its flexible filter, as `gpqa_main_cot_zeroshot` sets it."""
    from lm_eval.filters.extraction import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        MultiChoiceRegexFilter,
    )

    public = MultiChoiceRegexFilter(
        regex_pattern=r"(\([A-Z]\))", group_select=-1, ignore_case=True, ignore_punctuation=True
    )

    def grade(rows: Sequence[Row]) -> Verdicts:
        options = [{"choices": row["options"]} for row in rows]
        found = public.apply([[_answered(row)] for row in rows], options)
        return [said == f"({row['gold']})" for [said], row in zip(found, rows, strict=True)]

    return grade


def _pattern_choice() -> Grader:
    """MMLU-Pro and simple-evals."""

    def grade(row: Row) -> bool:
        text = _answered(row)
        found = _ANSWER_IS.findall(text) or re.findall(r"\b([A-J])\b", text)
        return bool(found) and found[-1].upper() == row["gold"]

    return lambda rows: [grade(row) for row in rows]


def _squad() -> Grader:
    """torchmetrics: SQuAD's exact match."""
    from torchmetrics.functional.text.squad import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        squad,
    )

    def grade(row: Row) -> bool:
        marked = [one or other for one, other in _MARKED.findall(row["reply"])]
        said = {"prediction_text": marked[-1] if marked else _answered(row), "id": "row"}
        golds = {"text": row["golds"], "answer_start": [0] * len(row["golds"])}
        return bool(squad([said], [{"answers": golds, "id": "row"}])["exact_match"] == 100)  # noqa: PLR2004

    return lambda rows: [grade(row) for row in rows]


def _ifeval() -> Grader:
    """if-verifiable: IFEval's own checkers."""
    from if_verifiable.ifeval.instructions_registry import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        INSTRUCTION_DICT,
    )

    def grade(row: Row) -> bool:
        reply = _answered(row)
        for name, kwargs in zip(row["instruction_id_list"], row["kwargs"], strict=True):
            checker = INSTRUCTION_DICT[name](name)
            checker.build_description(**kwargs)
            if not (reply.strip() and checker.check_following(reply)):
                return False
        return True

    return lambda rows: [_unless_missing(grade, row) for row in rows]


PUBLIC: Sequence[tuple[str, str, Callable[[], Grader]]] = (
    ("choice", "lm-eval", _harness_choice),
    ("choice", "pattern", _pattern_choice),
    ("qa", "torchmetrics", _squad),
    ("constraints", "if-verifiable", _ifeval),
)


def _unless_missing(grade: Callable[[Row], bool], row: Row) -> bool | None:
    """The verdict, or None where nltk doesn't find its data."""
    try:
        return grade(row)
    except LookupError:
        return None


def _compare(half: str, name: str, package: str, load: Callable[[], Grader]) -> Iterator[Counts]:
    """Our counts and the public grader's, on the rows that both can judge."""
    rows = rows_of(half, name)
    try:
        grade = load()
    except ImportError as error:
        print(f"{name}, {package}: {error}")
        return
    begin = time.perf_counter()
    public = grade(rows)
    seconds = time.perf_counter() - begin
    both = [place for place, said in enumerate(public) if said is not None]
    if len(both) < len(rows):
        print(f"{name}, {package}: {len(rows) - len(both)} rows need data that is not installed")
    kept = [rows[place] for place in both]
    asyncio.run(judged(name, kept[:1]))  # models of languages are loaded once
    begin = time.perf_counter()
    ours = asyncio.run(judged(name, kept))
    pace = len(kept) / (time.perf_counter() - begin)
    beside = "" if len(both) == len(rows) else f", rows of {package}"
    yield counted((half, name, f"whet {name}{beside}"), kept, ours, pace)
    found = [public[place] for place in both]
    yield counted((half, name, package), kept, found, len(rows) / seconds)


def main() -> None:
    """Two lines, ours and the public grader's, for each public grader."""
    parser = argparse.ArgumentParser(description="judges of texts beside public graders")
    parser.add_argument("half", choices=("open", "siblings", "kept"))
    parser.add_argument("--peers", default="", help="folder of the graders' packages")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    asked = parser.parse_args()
    if asked.peers:
        sys.path.append(asked.peers)  # behind our own packages
    print("\n".join(HEAD))
    for name, package, load in PUBLIC:
        for counts in _compare(asked.half, name, package, load):
            print(counts.line(), flush=True)
            if asked.keep:
                counts.keep()


if __name__ == "__main__":
    main()
