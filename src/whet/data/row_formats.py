"""From a row of a data set to a task, by the names of its columns."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from math import isnan
from typing import Any

from whet.types import Prompt, Task, UsageError

_PROMPTS = ("prompt", "question")
_ANSWERS = ("answer", "solution", "ground_truth", "label")
_NESTED = ("info", "extra_info")  # of verifiers and veRL: data for the verifier, as dict or as JSON
_GSM8K = "####"
_CHAT = re.compile(r"""\s*\[\s*\{\s*["'](role|content)["']""")  # messages, written as text


def task_of(row: Mapping[str, Any], place: str, prompt_column: str, answer_column: str) -> Task:
    """The task of a row; `place` is its id, and its place in messages."""
    column, prompt = _first(row, (prompt_column,) if prompt_column else _PROMPTS)
    if not prompt or not str(prompt).strip():
        named = prompt_column or " or ".join(_PROMPTS)
        raise UsageError(f"{place}: no prompt in {named}; {_columns(row, 'prompt_column')}")
    answer = _answer(row, answer_column, place)
    text = "" if answer is None else _text(answer, place).rpartition(_GSM8K)[2].strip()
    if not text:
        named = answer_column or " or ".join(("reward_model.ground_truth", *_ANSWERS))
        raise UsageError(f"{place}: no answer in {named}; {_columns(row, 'answer_column')}")
    info = _info(row, column, place) | (dict(answer) if isinstance(answer, dict) else {})
    task = Task(id=place, prompt=_prompt(prompt, place), answer=text, info=info)
    _insist_on_text(f"{prompt_text(task.prompt)}{text}", place)
    return task


def prompt_text(prompt: Prompt) -> str:
    """A prompt as one string with normalised spaces; equal strings are the same task."""
    if not isinstance(prompt, str):
        prompt = json.dumps([[m["role"], m["content"]] for m in prompt])
    return " ".join(prompt.split())


def _answer(row: Mapping[str, Any], column: str, place: str) -> object:
    judged = row.get("reward_model")
    if isinstance(judged, str) and judged.lstrip().startswith("{") and not column:
        judged = _parsed(judged, "reward_model", place)
    if isinstance(judged, Mapping) and not column:
        return judged.get("ground_truth")
    return _first(row, (column,) if column else _ANSWERS)[1]


def _text(answer: object, place: str) -> str:
    """An answer as text.  Numbers and dates are converted, structures become JSON."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, float) and isnan(answer):
        return ""
    if isinstance(answer, Decimal | date | time):
        return str(answer)
    try:
        return json.dumps(answer)
    except TypeError as error:
        raise UsageError(f"{place}: answer has no form as text ({error}); give text") from None


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


def _prompt(prompt: object, place: str) -> Prompt:
    """Text, or the messages of a chat; tables without structure hold these as JSON."""
    if isinstance(prompt, str) and _CHAT.match(prompt):
        prompt = _parsed(prompt, "prompt", place)
    if isinstance(prompt, str):
        return prompt
    return tuple(_message(m, place) for m in (prompt if isinstance(prompt, list) else [prompt]))


def _message(message: object, place: str) -> dict[str, str]:
    if isinstance(message, Mapping):
        role, content = message.get("role"), message.get("content")
        if isinstance(role, str) and isinstance(content, str):
            return {"role": role, "content": content}
    raise UsageError(f"{place}: prompt is neither text nor messages with role and content as text")


def _info(row: Mapping[str, Any], prompt_column: str, place: str) -> dict[str, Any]:
    """Every column but the prompt, with nested fields at the top level."""
    info = {name: value for name, value in row.items() if name not in (prompt_column, *_NESTED)}
    for name in _NESTED:
        nested = row.get(name)
        if isinstance(nested, str) and nested.lstrip().startswith("{"):
            nested = _parsed(nested, name, place)
        if isinstance(nested, Mapping):
            info |= nested
        elif nested is not None:
            info[name] = nested
    return info


def _parsed(text: str, name: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: {name} is no JSON ({error}); write it as JSON") from None
