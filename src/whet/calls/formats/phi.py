"""Calls as Phi-4-mini writes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.calls.blocks import next_block, object_of
from whet.calls.call_format import CallFormat, Found
from whet.types import ToolCall

_MARKS = ("<|tool_call|>", "<|/tool_call|>")


@dataclass(frozen=True, slots=True)
class Phi(CallFormat):
    """`<|tool_call|>[{"name": …, "arguments": {…}}]<|/tool_call|>`, with or without the list."""

    def find(self, text: str, at: int) -> Found | None:
        return next_block(text, at, _MARKS)

    def write(self, calls: Sequence[ToolCall]) -> str:
        inside = ", ".join(map(object_of, calls))
        return f"{_MARKS[0]}[{inside}]{_MARKS[1]}" if calls else ""
