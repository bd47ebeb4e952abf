"""Calls as JSON objects between two marks."""

from collections.abc import Sequence

from whet.calls.call_format import Calls, Found, skipped, unread
from whet.calls.call_objects import calls_in
from whet.calls.json_values import json_text, value_at
from whet.types import ToolCall


def next_block(text: str, at: int, marks: tuple[str, str]) -> Found | None:
    """The first block from `at` on: objects and lists of calls, one after another."""
    start = text.find(marks[0], at)
    if start < 0:
        return None
    try:
        calls, end = _inside(text, start + len(marks[0]), marks[1])
    except ValueError as error:
        return unread(text, start, str(error), marks)
    return Found(start, end, calls)


def object_of(call: ToolCall) -> str:
    """A call as a JSON object with `name` and `arguments`."""
    return json_text({"name": call.name, "arguments": dict(call.arguments)})


def blocks(calls: Sequence[ToolCall], marks: tuple[str, str]) -> str:
    """One block per call, one object per block."""
    return "\n".join(f"{marks[0]}\n{object_of(call)}\n{marks[1]}" for call in calls)


def _inside(text: str, at: int, closing: str) -> tuple[Calls, int]:
    calls = list[ToolCall]()
    while True:
        at = skipped(text, at)
        if calls and text.startswith(closing, at):
            return tuple(calls), at + len(closing)
        if at == len(text):
            raise ValueError(f"{closing} is missing")
        value, at = value_at(text, at)
        calls += calls_in(value)
