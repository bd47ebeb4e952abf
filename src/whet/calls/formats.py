"""Calls of tools, read from a reply or from a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whet.calls.literals import read

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_INSIDE_AND_AFTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The name of a tool, and what it is given."""

    name: str
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any) -> "ToolCall":
        """From `{"name": …, "arguments": {…}}`; the second may be called `parameters`, or lack.

        An OpenAI call, `{"function": {…}}` with its arguments as text, is one, too.
        """
        if isinstance(value, Mapping) and isinstance(value.get("function"), Mapping):
            value = value["function"]
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ValueError("a call is an object with a name")
        given = value.get("arguments", value.get("parameters", {}))
        given = read(given) if isinstance(given, str) else given
        if not isinstance(given, Mapping):
            raise ValueError("arguments are an object")
        return cls(name=value["name"].strip(), arguments=given)


def written(text: str) -> list[ToolCall]:
    """The calls in all blocks `<tool_call>…</tool_call>`: in each an object, a list, or lines.

    Raises `ValueError` for a block that is none of these, and for one that never ends.
    """
    before, *pieces = text.split(_OPEN)
    blocks = [piece.split(_CLOSE) for piece in pieces]
    if _CLOSE in before or any(len(parts) != _INSIDE_AND_AFTER for parts in blocks):
        raise ValueError("the tags of a call don't match")
    return [call for inside, _ in blocks for call in _read(inside.strip())]


def due(value: Any) -> list[ToolCall]:
    """The calls that a task wants, from a list of them or the JSON of one."""
    value = read(value) if isinstance(value, str) else value
    return [ToolCall.of(one) for one in (value if isinstance(value, list | tuple) else [value])]


def _read(block: str) -> list[ToolCall]:
    lines = [line for line in block.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip().startswith("{") for line in lines):
        try:
            return [ToolCall.of(read(line)) for line in lines]
        except ValueError:
            pass  # one object over several lines, perhaps
    value = read(block)
    return [ToolCall.of(one) for one in (value if isinstance(value, list) else [value])]
