"""Tool calls read strictly, in replies and in tasks: one unreadable call spoils them all."""

import json
from typing import Any

from whet.calls.call_objects import calls_in
from whet.calls.json_values import value_at
from whet.calls.literals import read
from whet.types import ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"


def written(text: str) -> list[ToolCall]:
    """The calls in all `<tool_call>…</tool_call>` blocks; a tag within a JSON text is no tag.

    A block holds objects, or lists of them, one after the other.

    Raises `ValueError` for a block of another form and for a block without an end tag.
    """
    calls: list[ToolCall] = []
    at = 0
    while (begin := text.find(OPEN, at)) >= 0:
        if CLOSE in text[at:begin]:
            break
        values, at = _block(text, begin + len(OPEN))
        calls += [call for value in values for call in calls_in(value)]
    if CLOSE in text[at:] or OPEN in text[at:]:
        raise ValueError("the tags <tool_call> and </tool_call> don't match")
    return calls


def due(value: Any) -> list[ToolCall]:
    """The calls that a task expects, from a list of them or the JSON of one.

    Raises `ValueError` where they are no JSON: no reply could have such a value.
    """
    try:
        return calls_in(read(value if isinstance(value, str) else json.dumps(value, default=dict)))
    except TypeError as error:
        raise ValueError(str(error)) from None


def _block(text: str, at: int) -> tuple[list[Any], int]:
    """The values of a block whose content begins at `at`, and where the block ends."""
    values: list[Any] = []
    at = _skipped(text, at)
    while not text.startswith(CLOSE, at) or not values:
        value, at = value_at(text, at)
        values.append(value)
        at = _skipped(text, at)
    return values, at + len(CLOSE)


def _skipped(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at
