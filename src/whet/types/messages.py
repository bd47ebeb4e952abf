"""Chat messages and their plain text."""

from collections.abc import Sequence

from whet.types.tasks import Message, Prompt

ASSISTANT = "assistant"


def dialogue(*turns: str) -> tuple[Message, ...]:
    """Messages with alternating roles: user, assistant, user, assistant, …"""
    roles = ("user", ASSISTANT)
    return tuple({"role": roles[i % 2], "content": text} for i, text in enumerate(turns))


def text_of(messages: Sequence[Message]) -> str:
    """Plain text of messages: a single message as it is, several ones with their roles."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as messages; plain text becomes a single user message."""
    return dialogue(prompt) if isinstance(prompt, str) else tuple(prompt)
