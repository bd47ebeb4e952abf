"""Chat messages and their plain text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from whet.types.errors import UsageError
from whet.types.tasks import Message, Prompt

ASSISTANT, USER, TOOL = "assistant", "user", "tool"


def dialogue(*turns: str) -> tuple[Message, ...]:
    """Messages with alternating roles: user, assistant, user, assistant, …"""
    roles = (USER, ASSISTANT)
    return tuple({"role": roles[i % 2], "content": text} for i, text in enumerate(turns))


def content_of(message: Message) -> str:
    """What a message says: its content, parts of text joined; "" for a bare call.

    Raises `UsageError` for a part that is no text, such as an image.
    """
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, Iterable) or isinstance(content, Mapping):
        raise UsageError(f"content is {content!r:.80}; give text, or a list of parts of text")
    return "".join(map(_part, content))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, Mapping) else type(part).__name__
    text = part.get("text") if isinstance(part, Mapping) else None
    if kind != "text" or not isinstance(text, str):
        named = {"image_url": "images", "image": "images", "input_audio": "audio"}.get(kind, kind)
        raise UsageError(
            f"content has a part of type {kind!r}: {named} are not supported; give text"
        )
    return text


def text_of(messages: Sequence[Message]) -> str:
    """Plain text of messages: a single message as it is, several ones with their roles."""
    if len(messages) == 1:
        return said_in(messages[0])
    return "\n".join(f"{message['role']}: {said_in(message)}" for message in messages)


def said_in(message: Message) -> str:
    """The content of a message, and a line for each of its calls: name, and arguments as JSON."""
    lines = [content_of(message), *map(_call, message.get("tool_calls") or ())]
    return "\n".join(filter(None, lines)) if len(lines) > 1 else lines[0]


def _call(call: Mapping[str, Any]) -> str:
    asked = call.get("function", call)
    given = asked.get("arguments") or {}
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    return f"{asked.get('name', '')}({text})"


def question_in(prompt: Prompt) -> str:
    """The text of a prompt, or of the last message of the user in a chat (else of the last one)."""
    return prompt if isinstance(prompt, str) else content_of(prompt[_asking(prompt)])


def with_question(prompt: Prompt, text: str) -> Prompt:
    """The prompt with another text in place of its question, as `question_in` finds it."""
    if isinstance(prompt, str):
        return text
    place = _asking(prompt)
    return (*prompt[:place], {**prompt[place], "content": text}, *prompt[place + 1 :])


def _asking(chat: Sequence[Message]) -> int:
    asked = [place for place, message in enumerate(chat) if message["role"] == USER]
    return asked[-1] if asked else len(chat) - 1


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as messages; plain text becomes a single user message."""
    return dialogue(prompt) if isinstance(prompt, str) else tuple(prompt)
