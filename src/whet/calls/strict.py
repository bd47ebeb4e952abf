"""Tool calls read strictly, in replies and in tasks: one unreadable call spoils them all."""

from typing import Any

from whet.calls.call_objects import call_of, calls_in
from whet.calls.literals import read
from whet.types import ToolCall

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_INSIDE_AND_AFTER = 2


def written(text: str) -> list[ToolCall]:
    """The calls in all `<tool_call>…</tool_call>` blocks.

    A block holds an object, a list, or one object per line.

    Raises `ValueError` for a block of another form and for a block without an end tag.
    """
    before, *pieces = text.split(_OPEN)
    blocks = [piece.split(_CLOSE) for piece in pieces]
    if _CLOSE in before or any(len(parts) != _INSIDE_AND_AFTER for parts in blocks):
        raise ValueError("the tags <tool_call> and </tool_call> don't match")
    return [call for inside, _ in blocks for call in _read(inside.strip())]


def due(value: Any) -> list[ToolCall]:
    """The calls that a task expects, from a list of them or the JSON of one."""
    return calls_in(read(value) if isinstance(value, str) else value)


def _read(block: str) -> list[ToolCall]:
    lines = [line for line in block.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip().startswith("{") for line in lines):
        try:
            return [call_of(read(line)) for line in lines]
        except ValueError:
            pass  # perhaps one object over several lines
    return calls_in(read(block))
