"""Chat messages, and what they are as text."""

from collections.abc import Sequence

from whet.types.tasks import Message, Prompt

ASSISTANT = "assistant"


def dialogue(*turns: str) -> tuple[Message, ...]:
    """Messages of a talk that a user begins: question, reply, question, reply, …"""
    roles = ("user", ASSISTANT)
    return tuple({"role": roles[i % 2], "content": text} for i, text in enumerate(turns))


def text_of(messages: Sequence[Message]) -> str:
    """Messages as one text: a single one as it is, several with their roles."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """A prompt as messages; plain text is what a user says."""
    return dialogue(prompt) if isinstance(prompt, str) else tuple(prompt)
