"""From a row of a data set to a task, by the names of its columns."""

from collections.abc import Iterable, Mapping
from typing import Any

from whet.data.golds import golds, is_blank
from whet.data.prompts import parsed, prompt_of, prompt_text, refuse_pictures, tools_of
from whet.types import Task, UsageError

PROMPTS = ("prompt", "question")
ANSWERS = ("answer", "solution", "ground_truth", "label")
_NESTED = ("info", "extra_info")  # of verifiers and veRL: data for the verifier, as dict or as JSON


def task_of(row: Mapping[str, Any], place: str, prompt_column: str, answer_column: str) -> Task:
    """The task of a row; `place` is its id, and its place in messages."""
    column, prompt = _first(row, (prompt_column,) if prompt_column else PROMPTS)
    if not prompt or (isinstance(prompt, str) and is_blank(prompt)):
        named = prompt_column or " or ".join(PROMPTS)
        raise UsageError(f"{place}: no prompt in {named}; {_columns(row, 'prompt_column')}")
    _, answer = answer_in(row, answer_column, place)
    texts = golds(answer, place)
    _insist_on_one_reading(row, answer, place)
    if not texts:
        named = answer_column or " or ".join(("reward_model.ground_truth", *ANSWERS))
        raise UsageError(f"{place}: no answer in {named}; {_columns(row, 'answer_column')}")
    refuse_pictures(row, place)
    info = _info(row, column, place) | (dict(answer) if isinstance(answer, Mapping) else {})
    task = Task(
        id=place,
        prompt=prompt_of(prompt, place),
        answer=texts[0],
        alternatives=texts[1:],
        info=info,
        tools=tools_of(row, place),
    )
    _insist_on_text("".join((prompt_text(task.prompt), *texts)), place)
    return task


def prompt_in(row: Mapping[str, Any], column: str) -> str:
    """The name of the column that the prompt of a row is read from; empty: there is none."""
    return _first(row, (column,) if column else PROMPTS)[0]


def answer_in(row: Mapping[str, Any], column: str, place: str) -> tuple[str, Any]:
    """The column that the answer of a row is read from, and its value; ("", None): none.

    It is the first that the row has, even if its value is null there: another column may hold the
    whole solution.
    """
    judged = row.get("reward_model")
    if isinstance(judged, str) and judged.lstrip().startswith("{") and not column:
        judged = parsed(judged, "reward_model", place)
    if isinstance(judged, Mapping) and not column:
        return "reward_model.ground_truth", judged.get("ground_truth")
    columns = (column,) if column else ANSWERS
    return next(((name, row[name]) for name in columns if name in row), ("", None))


def _insist_on_one_reading(row: Mapping[str, Any], answer: object, place: str) -> None:
    """Raise `UsageError` for a number beside choices, which is the text of one or its position."""
    choices = row.get("choices")
    if not isinstance(choices, list) or not isinstance(answer, int) or isinstance(answer, bool):
        return
    if 0 <= answer < len(choices):
        raise UsageError(
            f"{place}: answer is the number {answer} beside {len(choices)} choices, the position "
            "of one or its text; write the letter of the choice, or its text in quotes"
        )


def _insist_on_text(text: str, place: str) -> None:
    """Raise `UsageError` for half of a surrogate pair, which tokenizers refuse."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{place}: prompt or answer holds {text[error.start]!r}, half of a character; mend it"
        ) from None


def _first(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[str, Any]:
    """The first column with a value, and the value."""
    return next(((name, row[name]) for name in columns if row.get(name) is not None), ("", None))


def _columns(row: Mapping[str, Any], field: str) -> str:
    return f"name another with --corpus.{field}; it has {', '.join(map(str, row))}"


def _info(row: Mapping[str, Any], prompt_column: str, place: str) -> dict[str, Any]:
    """Every column but the prompt, with nested fields at the top level."""
    info = {name: value for name, value in row.items() if name not in (prompt_column, *_NESTED)}
    for name in _NESTED:
        nested = row.get(name)
        if isinstance(nested, str) and nested.lstrip().startswith("{"):
            nested = parsed(nested, name, place)
        if isinstance(nested, Mapping):
            info |= nested
        elif nested is not None:
            info[name] = nested
    return info
