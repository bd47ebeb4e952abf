"""Calls as DeepSeek-V3, R1 and V3.1 write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.calls.call_format import CallFormat, Found, unread
from whet.calls.call_objects import call_of
from whet.calls.json_values import json_text, value_at
from whet.types import ToolCall

_BEGIN, _SEPARATOR, _END = (
    "<｜tool▁call▁begin｜>",
    "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>",
)
_ALL, _ALL_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
_START = re.compile(rf"(?:{_ALL}\s*)?{_BEGIN}\s*|{_ALL}")
_HEAD = re.compile(rf"([\w.\-]+)\s*{_SEPARATOR}\s*")
_FENCED = re.compile(r"([\w.\-]+)\s*```(?:json)?\s*")
_FENCE = re.compile(r"\s*```")
_CLOSE = re.compile(rf"\s*{_END}(?:\s*{_ALL_END})?")


@dataclass(frozen=True, slots=True)
class Deepseek(CallFormat):
    """`<｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{…}<｜tool▁call▁end｜>` within marks of all calls.

    That is V3.1's form, and it is written.  V3's is read, too: `function<｜tool▁sep｜>NAME`, then
    the arguments in a fence.
    """

    def find(self, text: str, at: int) -> Found | None:
        start = _START.search(text, at)
        if start is None:
            return None
        try:
            call, end = _call(text, start.end())
        except ValueError as error:
            return unread(text, start.start(), str(error), (start[0], _END))
        return Found(start.start(), end, (call,))

    def write(self, calls: Sequence[ToolCall]) -> str:
        inside = "".join(
            f"{_BEGIN}{call.name}{_SEPARATOR}{json_text(dict(call.arguments))}{_END}"
            for call in calls
        )
        return f"{_ALL}{inside}{_ALL_END}" if calls else ""


def _call(text: str, at: int) -> tuple[ToolCall, int]:
    head = _HEAD.match(text, at)
    if head is None:
        raise ValueError(f"a name and {_SEPARATOR} must follow {_BEGIN}")
    fenced = _FENCED.match(text, head.end())
    name, at = (head[1], head.end()) if fenced is None else (fenced[1], fenced.end())
    value, at = value_at(text, at)
    fence = None if fenced is None else _FENCE.match(text, at)
    close = _CLOSE.match(text, at if fence is None else fence.end())
    if close is None or (fenced and not fence):
        raise ValueError(f"{_END} must follow the arguments")
    return call_of({"name": name, "arguments": value}), close.end()
