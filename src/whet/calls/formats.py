"""Parsing of tool calls in replies and in tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.calls.literals import read

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_INSIDE_AND_AFTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """Name and arguments of a tool call."""

    name: str
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any) -> "ToolCall":
        """Parse `{"name": …, "arguments": {…}}`.

        `arguments` may be called `parameters` or be absent. OpenAI's form `{"function": {…}}`, with
        arguments as JSON text, is accepted too. Raises `ValueError` for any other value.
        """
        if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
            value = value["function"]
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ValueError("a tool call must be an object with a name")
        given = value.get("arguments", value.get("parameters", {}))
        given = read(given) if isinstance(given, str) else given
        if not isinstance(given, Mapping):
            raise ValueError("the arguments of a tool call must be an object")
        return cls(name=value["name"].strip(), arguments=given)


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
    value = read(value) if isinstance(value, str) else value
    return [ToolCall.of(one) for one in (value if isinstance(value, list | tuple) else [value])]


def _read(block: str) -> list[ToolCall]:
    lines = [line for line in block.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip().startswith("{") for line in lines):
        try:
            return [ToolCall.of(read(line)) for line in lines]
        except ValueError:
            pass  # perhaps one object over several lines
    value = read(block)
    return [ToolCall.of(one) for one in (value if isinstance(value, list) else [value])]
