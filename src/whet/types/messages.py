"""Chat messages and their plain text."""

from collections.abc import Iterable, Mapping, Sequence

from whet.types.errors import UsageError
from whet.types.tasks import Message, Prompt

ASSISTANT = "assistant"


def dialogue(*turns: str) -> tuple[Message, ...]:
    """Messages with alternating roles: user, assistant, user, assistant, …"""
    roles = ("user", ASSISTANT)
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
        return content_of(messages[0])
    return "\n".join(f"{message['role']}: {content_of(message)}" for message in messages)


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as messages; plain text becomes a single user message."""
    return dialogue(prompt) if isinstance(prompt, str) else tuple(prompt)
