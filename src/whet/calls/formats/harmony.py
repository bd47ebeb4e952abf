"""Calls as gpt-oss writes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.calls.call_format import CallFormat, Found, skipped
from whet.calls.call_objects import call_of
from whet.calls.json_values import json_text, value_at
from whet.types import BadCall, ToolCall

_MESSAGE = "<|message|>"
_HEADER = re.compile(  # the first header of a reply begins in its prompt
    r"(?:<\|start\|>[^<]{0,200}|\A\s*(?:to=[^\s<]{1,100}\s*)?)?"
    r"(?:<\|(?:channel|constrain)\|>[^<]{0,200}){1,4}(?:<\|message\|>)?"
)
_END = re.compile(r"<\|(?:call|end|return)\|>")
_NEXT = re.compile(r"<\|(?:call|end|return)\|>|(?=<\|(?:start|channel)\|>)|\Z")
_RECIPIENT = re.compile(r"\bto=(?:functions\.)?([^\s<]+)")
_ANALYSIS = "<|channel|>analysis"
_CHANNEL = "<|channel|>commentary"


@dataclass(frozen=True, slots=True)
class Harmony(CallFormat):
    """`<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>`.

    The recipient may stand in front of the channel.  The channel `analysis` holds thoughts: its
    messages are neither words nor calls, unless they have a recipient.
    """

    def find(self, text: str, at: int) -> Found | None:
        header, mark = _HEADER.search(text, at), _END.search(text, at)
        if header is None or (mark is not None and mark.start() < header.start()):
            return None if mark is None else Found(mark.start(), mark.end())
        recipient = _RECIPIENT.search(header[0])
        if recipient is not None:
            return _call(text, header, recipient[1])
        if _ANALYSIS in header[0]:
            return Found(header.start(), _message_end(text, header.end()))
        return Found(header.start(), header.end())

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "<|start|>assistant".join(
            f"{_CHANNEL} to=functions.{call.name} <|constrain|>json{_MESSAGE}"
            f"{json_text(dict(call.arguments))}<|call|>"
            for call in calls
        )


def _call(text: str, header: re.Match[str], name: str) -> Found:
    try:
        if not header[0].endswith(_MESSAGE):
            raise ValueError(f"{_MESSAGE} must follow the recipient")
        value, end = value_at(text, skipped(text, header.end()))
        call = call_of({"name": name, "arguments": value})
    except ValueError as error:
        end = _message_end(text, header.end())
        bad = BadCall(text=text[header.start() : end], why=str(error))
        return Found(header.start(), end, (bad,))
    mark = _END.match(text, skipped(text, end))
    return Found(header.start(), end if mark is None else mark.end(), (call,))


def _message_end(text: str, at: int) -> int:
    found = _NEXT.search(text, at)
    assert found is not None  # the pattern matches at the end of the text
    return found.end()
