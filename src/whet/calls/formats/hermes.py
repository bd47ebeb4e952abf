"""Calls as Hermes, Qwen2.5, Qwen3 and SmolLM3 write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.calls.blocks import blocks, next_block
from whet.calls.call_format import CallFormat, Found
from whet.types import ToolCall

_MARKS = ("<tool_call>", "</tool_call>")


@dataclass(frozen=True, slots=True)
class Hermes(CallFormat):
    """`<tool_call>{"name": …, "arguments": {…}}</tool_call>`, repeated.

    A block may hold several objects, or a list of them.
    """

    def find(self, text: str, at: int) -> Found | None:
        return next_block(text, at, _MARKS)

    def write(self, calls: Sequence[ToolCall]) -> str:
        return blocks(calls, _MARKS)
