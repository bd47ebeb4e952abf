"""What the rows of a file become, which of them can't be used, and why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from whet.data.checking.doubts import Doubt, SourceRow, doubts
from whet.data.files import File, labels
from whet.data.formats import DataRow, attempts
from whet.data.prompts import prompt_text
from whet.data.row_formats import answer_in, prompt_in, task_of
from whet.data.sections import sections
from whet.data.splits import SPLITS
from whet.types import Task, UsageError

_FLAG = re.compile(r"--corpus\.(prompt|answer)_column")  # of `train`; here without the dot


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """The outcome of a check of all rows."""

    rows: int  # in the file, usable or not
    tasks: tuple[Task, ...]  # of the usable rows, in their order
    errors: tuple[str, ...]  # one line for each row that can't be used
    splits: Mapping[str, int]  # usable rows of each split
    named: bool  # whether the data name their held-out splits
    places: Mapping[str, str]  # the split of a task, by its id; none of one that is left out
    left_out: tuple[str, ...]  # one line for each usable row that is in no split
    doubts: tuple[Doubt, ...]


def check(file: File) -> DataReport:
    """Look at all rows of a file, and collect what can't be used.

    Raises `UsageError` where not even the first row can be read.
    """
    usable, errors = _read(file)
    names = labels([row.of_file for row in usable], [row.of_row for row in usable])
    tasks = [row.task for row in usable]
    found = sections(list(zip(tasks, names, strict=True)), file.reserved)
    places = {task.id: split for split in SPLITS for task in found.tasks[split]}
    return DataReport(
        rows=len(usable) + len(errors),
        tasks=tuple(tasks),
        errors=tuple(errors),
        splits={split: len(found.tasks[split]) for split in SPLITS},
        named=bool(found.named),
        places=places,
        left_out=tuple(_left_out(tasks, places)),
        doubts=tuple(doubts(usable, places)),
    )


def _read(file: File) -> tuple[list[SourceRow], list[str]]:
    usable: list[SourceRow] = []
    errors: list[str] = []
    try:
        for row in attempts(file.path):
            found = row if isinstance(row, UsageError) else _attempt(row, file)
            if isinstance(found, UsageError):
                errors.append(_FLAG.sub(r"--\1-column", str(found)))
            else:
                usable.append(found)
    except UsageError as error:  # the file can't be read any further
        if not usable and not errors:
            raise
        errors.append(f"{error} (the rows after it were not read)")
    return usable, errors


def _attempt(row: DataRow, file: File) -> SourceRow | UsageError:
    try:
        return SourceRow(
            task=task_of(row.values, row.place, file.prompt_column, file.answer_column),
            prompt_column=prompt_in(row.values, file.prompt_column),
            answer_column=answer_in(row.values, file.answer_column, row.place)[0],
            of_file=row.split,
            of_row=str(row.values.get("split", "")),
        )
    except UsageError as error:
        return error


def _left_out(tasks: Sequence[Task], places: Mapping[str, str]) -> Iterator[str]:
    """A line for each task whose prompt is held out elsewhere."""
    holders = {prompt_text(t.prompt): t for t in reversed(tasks) if t.id in places}
    for task in tasks:
        if task.id not in places:
            other = holders[prompt_text(task.prompt)]
            yield f"{task.id}: left out, its prompt is held out in {places[other.id]} as {other.id}"
