"""How many tokens prompts have, and whether they leave room for a reply."""

from collections.abc import Sequence

from whet.protocols import Renderer
from whet.types import Task, UsageError


def prompt_length(renderer: Renderer, task: Task) -> int:
    """Tokens of a task's prompt; 0 where its environment words it.

    Raises `UsageError` with the task's id where the prompt can't be rendered.
    """
    if not task.prompt:
        return 0
    try:
        return len(renderer.opening(task.prompt))
    except UsageError as error:
        raise UsageError(f"{task.id}: {error}") from error


def check_room(measured: Sequence[tuple[Task, int]], positions: int, reply: int) -> None:
    """Refuse prompts after which a reply of so many tokens doesn't fit; the longest is named."""
    room = positions - reply
    if room < 1:
        raise UsageError(
            f"sampling.decoding.max_new_tokens is {reply}, but the model has {positions} positions "
            "for prompt and reply; give less"
        )
    long = [(length, task.id) for task, length in measured if length > room]
    if not long:
        return
    length, name = max(long)
    raise UsageError(
        f"{name}: the prompt has {length} tokens, so a reply of {reply} "
        f"(sampling.decoding.max_new_tokens) doesn't fit into the model's {positions} positions; "
        f"{len(long)} of {len(measured)} prompts are longer than {room}: leave them out with "
        f"--max-prompt-length {room}, or give --sampling.decoding.max_new_tokens less"
    )
