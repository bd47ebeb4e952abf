"""Calls as Mistral's models write them, in both forms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.calls.call_format import CallFormat, Calls, Found, skipped, unread
from whet.calls.call_objects import call_of, calls_in
from whet.calls.json_values import json_text, value_at
from whet.types import ToolCall

_MARK = "[TOOL_CALLS]"
_NAMED = re.compile(r"([\w.\-]+)\s*(?:\[CALL_ID\]([\w\-]*)\s*)?\[ARGS\]\s*")


@dataclass(frozen=True, slots=True)
class Mistral(CallFormat):
    """`[TOOL_CALLS][{"name": …, "arguments": {…}, "id": …}]`, or `[TOOL_CALLS]NAME[ARGS]{…}`.

    The first form is written; newer models write the second, once per call.
    """

    def find(self, text: str, at: int) -> Found | None:
        start = text.find(_MARK, at)
        if start < 0:
            return None
        try:
            calls, end = _calls(text, skipped(text, start + len(_MARK)))
        except ValueError as error:
            return unread(text, start, str(error), (_MARK, "</s>"))
        return Found(start, end, calls)

    def write(self, calls: Sequence[ToolCall]) -> str:
        return _MARK + json_text([_object(call) for call in calls]) if calls else ""


def _calls(text: str, at: int) -> tuple[Calls, int]:
    named = _NAMED.match(text, at)
    value, end = value_at(text, at if named is None else named.end())
    if named is None:
        return tuple(calls_in(value)), end
    return (call_of({"name": named[1], "arguments": value, "id": named[2]}),), end


def _object(call: ToolCall) -> dict[str, Any]:
    shown = {"name": call.name, "arguments": dict(call.arguments)}
    return {**shown, "id": call.id} if call.id else shown
