"""Forms of calls in messages; chat templates differ in which of them they read."""

from collections.abc import Callable, Mapping
from json import dumps
from typing import Any

from whet.rollouts.chats import calls_of
from whet.rollouts.dropped import Messages


def _as_given(chat: Messages) -> Messages:
    return chat


def _worded(chat: Messages) -> Messages:
    """Bare calls with an empty content, for templates that join it to the call."""
    return [{"content": "", **message} for message in chat]


def _written(chat: Messages) -> Messages:
    """Arguments of calls as JSON text, for templates that print them as they come."""
    return [_with_text(message) for message in chat]


def _with_text(message: Mapping[str, Any]) -> dict[str, Any]:
    held = dict(message)
    if "tool_calls" in held:
        pairs = zip(held["tool_calls"], calls_of(held), strict=True)
        held["tool_calls"] = [_written_call(call, inner) for call, inner in pairs]
    return held


def _written_call(call: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    asked = inner.get("arguments", {})
    text = asked if isinstance(asked, str) else dumps(asked, ensure_ascii=False)
    told = {**inner, "arguments": text}
    return {**call, "function": told} if "function" in call else told


def _worded_and_written(chat: Messages) -> Messages:
    return _worded(_written(chat))


FORMS: tuple[Callable[[Messages], Messages], ...] = (
    _as_given,
    _worded,
    _written,
    _worded_and_written,
)
