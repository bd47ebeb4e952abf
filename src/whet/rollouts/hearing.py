"""Observations of a conversation: what the policy hears, in tokens and in messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from whet.protocols import Renderer
from whet.rollouts.row import Row
from whet.types import Prompt, Task, UsageError
from whet.types.messages import messages_of


def hear(
    renderer: Renderer,
    task: Task,
    row: Row,
    observation: Prompt,
    tools: Sequence[Mapping[str, Any]],
) -> None:
    """Append an observation to the row, as the model reads it.

    The first one opens the conversation, and shows the tools.  In a chat, later plain text is a
    message of the user; empty text continues the reply.

    Raises `UsageError` for tools after the opening, for chat messages behind plain text, and for
    what the renderer does not take.
    """
    if not row.token_ids:
        row.chat = not isinstance(observation, str)
        row.tools = (*task.tools, *tools)
        heard = _opening(renderer, task, observation, row.tools)
        row.hear(heard, renderer.heard(observation, heard))
        return
    if tools:
        raise UsageError(
            f"the environment gives {len(tools)} tools after the opening, which alone shows them; "
            "give them with the first observation"
        )
    if not row.chat and not isinstance(observation, str):
        raise UsageError(
            "the environment sends chat messages in a conversation that it opened with plain text; "
            "open it with a chat, or send plain text"
        )
    told = messages_of(observation) if row.chat and observation else observation
    heard = renderer.following(told, row.said())
    row.hear(heard, renderer.heard(told, heard) if told else ())


def _opening(
    renderer: Renderer, task: Task, prompt: Prompt, tools: Sequence[Mapping[str, Any]]
) -> tuple[int, ...]:
    """The ids of the first prompt; a message about it names the task."""
    try:
        return renderer.opening(prompt, tools)
    except UsageError as error:
        raise UsageError(f"{task.id}: {error}") from error
