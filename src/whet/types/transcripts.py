"""Whole conversations to imitate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.types.errors import UsageError
from whet.types.tasks import Prompt, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Observations and the replies to them, in turn; the first observation opens the conversation.

    Raises `UsageError` for a conversation without a reply.
    """

    turns: tuple[tuple[Prompt, str], ...]
    tools: Sequence[Mapping[str, Any]] = ()  # schemas that the opening shows

    def __post_init__(self) -> None:
        if not self.turns:
            raise UsageError("transcript.turns is empty; give one observation and reply, or more")


Example = tuple[Task, str | Transcript]  # a task, and the reply or the conversation to imitate
