"""The messages of a prompt, checked before a template or a server reads them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whet.types import Message, UsageError
from whet.types.messages import ASSISTANT, content_of

_ROLE = re.compile(r"[A-Za-z][\w-]*")
_MEDIA = ("images", "image", "audio", "audios", "video", "videos")


def chat_of(prompt: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as plain dictionaries, their contents as text, without fields that are None.

    Arguments of calls become objects where they are JSON text.  Raises `UsageError` for an empty
    chat, for a message without role or without anything said, and for images, audio and video.
    """
    if not prompt:
        raise UsageError("prompt is a chat without messages; give at least one")
    return [_message(message, place) for place, message in enumerate(prompt, 1)]


def _message(message: object, place: int) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise UsageError(
            f"message {place} is {message!r:.80}; give a mapping with role and content"
        )
    role = message.get("role")
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise UsageError(
            f"message {place} has role {role!r:.80}; give a word, such as user or assistant"
        )
    for name in _MEDIA:
        if message.get(name):
            raise UsageError(f"message {place} has {name}, which are not supported; give text")
    held: dict[str, Any] = {k: v for k, v in message.items() if v is not None}
    if "content" in held:
        held["content"] = _content(message, place)
    if held.pop("tool_calls", None):
        held["tool_calls"] = [_call(call, place) for call in message["tool_calls"]]
    elif "content" not in held:
        raise UsageError(f"message {place} ({role}) has no content; give text")
    check_text(held, f"message {place}")
    return held


def _content(message: Message, place: int) -> str:
    try:
        return content_of(message)
    except UsageError as error:
        raise UsageError(f"message {place}: {error}") from None


def _call(call: object, place: int) -> dict[str, Any]:
    inner = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise UsageError(
            f"message {place} has the tool call {call!r:.80}; give it a function with name and "
            "arguments"
        )
    asked = {**inner, "arguments": _object(inner.get("arguments", {}))}
    return {**call, "function": asked} if inner is not call else asked  # pyright: ignore


def _object(arguments: object) -> object:
    """Arguments of a call as an object; text that is none stays text."""
    if not isinstance(arguments, str):
        return arguments
    try:
        read = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return read if isinstance(read, dict) else arguments


def check_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    """Raise `UsageError` for a tool without a schema."""
    for place, tool in enumerate(tools, 1):
        inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
            raise UsageError(
                f"tool {place} is {tool!r:.80}; give a schema with name, description and parameters"
            )
        check_text(tool, f"tool {place}")


def check_text(value: object, what: str) -> None:
    """Raise `UsageError` for what JSON can't hold, and for half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UsageError(f"{what} holds {half!r}, half of a character; mend it") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{what} can't be written as JSON ({error}); give text") from None


def continued(chat: Sequence[Mapping[str, Any]]) -> bool:
    """True where the last message is the assistant's, which the reply continues.

    Raises `UsageError` for a call, which a tool has to answer first.
    """
    last = chat[-1]
    if last["role"] != ASSISTANT:
        return False
    if "tool_calls" in last:
        raise UsageError(
            f"message {len(chat)}, the last one, is a call of the assistant, which can't be "
            "continued; add the tool's result"
        )
    return True


def calls_of(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The functions that a message calls, with name and arguments."""
    for call in message.get("tool_calls", ()):
        yield call.get("function", call)
