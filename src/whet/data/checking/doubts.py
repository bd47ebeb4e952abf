"""What is strange in rows that can be used."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from whet.data.prompts import prompt_text
from whet.types import Task

_MISSING = frozenset(
    {"nan", "none", "null", "n/a", "na", "nat", "<na>", "-", "?", "notfound", "not found", "proof"}
)
_OPTIONS = ("choices", "options")  # columns
_LISTED = re.compile(r"\s*\[.*\]\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A task with the columns that it was read from, and the splits that name it."""

    task: Task
    prompt_column: str
    answer_column: str
    of_file: str
    of_row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A sentence about some rows, and their ids."""

    says: str
    ids: tuple[str, ...]


def doubts(rows: Sequence[SourceRow], places: Mapping[str, str]) -> Iterator[Doubt]:
    """All that is strange, one `Doubt` for each kind."""
    for says, is_so in _KINDS.items():
        if ids := tuple(row.task.id for row in rows if is_so(row.task)):
            yield Doubt(says=says, ids=ids)
    yield from _mixed("prompt", [(row.prompt_column, row.task.id) for row in rows])
    yield from _mixed("answer", [(row.answer_column, row.task.id) for row in rows])
    yield from _repeated([row.task for row in rows], places)


def _looks_missing(task: Task) -> bool:
    return any(text.lower() in _MISSING for text in (task.answer, *task.alternatives))


def _looks_listed(task: Task) -> bool:
    """Whether an answer is a list, written as JSON in a text."""
    return _LISTED.fullmatch(task.answer) is not None and isinstance(_json(task.answer), list)


def _is_object(task: Task) -> bool:
    return task.answer.startswith("{") and isinstance(_json(task.answer), dict)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _hides_options(task: Task) -> bool:
    """Whether the row lists options of which the prompt shows none."""
    listed = (task.info.get(name) for name in _OPTIONS)
    texts = [str(one) for held in listed if isinstance(held, list) for one in held]
    shown = json.dumps(task.prompt, ensure_ascii=False, default=str)
    return bool(texts) and not any(json.dumps(t, ensure_ascii=False)[1:-1] in shown for t in texts)


_KINDS: Mapping[str, Callable[[Task], bool]] = {
    "the answer is a text that usually stands for a missing value": _looks_missing,
    "the answer is a list written as text, and one answer; for several write a list": _looks_listed,
    "the answer is an object, which a reward that compares texts never meets": _is_object,
    "the row lists options, and the prompt shows none of them": _hides_options,
}


def _mixed(what: str, read: Iterable[tuple[str, str]]) -> Iterator[Doubt]:
    """Rows whose prompt or answer is in another column than that of most rows."""
    ids: dict[str, list[str]] = {}
    for column, name in read:
        ids.setdefault(column, []).append(name)
    most = max(ids, key=lambda column: len(ids[column]), default="")
    for column, held in ids.items():
        if column != most:
            says = f"the {what} is read from {column}, in most rows from {most}"
            yield Doubt(says=says, ids=tuple(held))


def _repeated(tasks: Sequence[Task], places: Mapping[str, str]) -> Iterator[Doubt]:
    """Rows that repeat a prompt of their split, with the same answers or with others."""
    first: dict[tuple[str, str], Task] = {}
    same: list[str] = []
    other: list[str] = []
    for task in tasks:
        if split := places.get(task.id):
            known = first.setdefault((split, prompt_text(task.prompt)), task)
            if known is not task:
                (same if _golds(known) == _golds(task) else other).append(task.id)
    if same:
        yield Doubt(says="the prompt stands in the same split already", ids=tuple(same))
    if other:
        says = "the prompt stands in the same split already, with another answer"
        yield Doubt(says=says, ids=tuple(other))


def _golds(task: Task) -> frozenset[str]:
    return frozenset((task.answer, *task.alternatives))
