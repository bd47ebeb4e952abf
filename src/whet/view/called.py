"""The calls of a recorded reply."""

from collections.abc import Iterator
from typing import Any

from whet.calls.call_format import Calls as Calls
from whet.calls.call_objects import call_of
from whet.calls.formats import FORMATS
from whet.types import BadCall, Message, ToolCall

_READ = 50_000  # characters of a reply in which calls are looked for


def calls_of(message: Message, text: str, tools: frozenset[str]) -> Calls:
    """The calls that a message holds, else those in its text.

    A rollout does not say in which format its replies write calls.  The calls are therefore those
    of the first format that reads some and only calls of `tools`; none where there is no such
    format, and the text shows what was said.
    """
    if held := message.get("tool_calls"):
        return tuple(_held(held))
    if not tools or len(text) > _READ:
        return ()
    for form in FORMATS.values():
        calls = form.read(text)[1]
        if calls and all(isinstance(one, ToolCall) and one.name in tools for one in calls):
            return calls
    return ()


def _held(calls: Any) -> Iterator[ToolCall | BadCall]:
    for one in calls if isinstance(calls, list | tuple) else [calls]:
        try:
            yield call_of(one)
        except ValueError as error:
            yield BadCall(text=str(one), why=str(error))
