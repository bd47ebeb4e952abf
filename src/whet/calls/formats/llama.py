"""Calls as Llama 3.1, 3.2 and 3.3 write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.calls.call_format import CallFormat, Calls, Found, skipped
from whet.calls.call_objects import call_of
from whet.calls.json_values import json_text, value_at
from whet.types import BadCall, ToolCall

_TAG = re.compile(r"<\|python_tag\|>\s*")
_BARE = re.compile(r'\s*(?=\{\s*"(?:name|type|function|parameters|arguments)")')
_ARGUMENTS = re.compile(r'"(?:parameters|arguments)"')
_BETWEEN = ";"


@dataclass(frozen=True, slots=True)
class Llama(CallFormat):
    """`{"name": …, "parameters": {…}}` at the beginning of the reply, or after `<|python_tag|>`.

    Several calls are joined by `;`.  An object without parameters is an answer, unless the tag
    stands before it.
    """

    def find(self, text: str, at: int) -> Found | None:
        tag = _TAG.search(text, at)
        bare = None if at else _BARE.match(text)
        begin = bare or tag
        if begin is None or (bare and not _ARGUMENTS.search(text)):
            return None
        try:
            calls, end = _joined(text, begin.end())
        except ValueError as error:
            bad = BadCall(text=text[begin.start() :], why=str(error))
            return Found(begin.start(), len(text), (bad,))
        return Found(begin.start(), end, calls)

    def write(self, calls: Sequence[ToolCall]) -> str:
        return f"{_BETWEEN} ".join(
            json_text({"name": call.name, "parameters": dict(call.arguments)}) for call in calls
        )


def _joined(text: str, at: int) -> tuple[Calls, int]:
    calls = list[ToolCall]()
    while True:
        value, at = value_at(text, at)
        calls.append(call_of(value))
        following = skipped(text, at)
        if not text.startswith(_BETWEEN, following):
            return tuple(calls), at
        following = skipped(text, following + 1)
        if not text.startswith("{", following):
            return tuple(calls), at
        at = following
