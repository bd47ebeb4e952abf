"""Prompts as a model reads them: their tokens, and those that are too long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whet.protocols import Renderer
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPrompts:
    """The outcome for all prompts."""

    positions: int  # of the model, for prompt and reply
    lengths: Mapping[str, int]  # number of tokens, by the task's id
    pieces: Mapping[str, tuple[str, ...]]  # the text of every token, of the first tasks
    errors: tuple[str, ...]  # one line for each prompt that can't be rendered
    left_out: tuple[str, ...]  # one line for each prompt above the wanted length
    too_long: tuple[str, ...]  # ids of the tasks whose prompts fill all positions


def rendered(
    tasks: Sequence[Task], renderer: Renderer, positions: int, longest: int, shown: int
) -> RenderedPrompts:
    """Render every prompt, and keep the tokens of the first `shown`.

    `longest` is the wanted length in tokens; 0: any.
    """
    lengths: dict[str, int] = {}
    pieces: dict[str, tuple[str, ...]] = {}
    errors: list[str] = []
    for place, task in enumerate(tasks):
        try:
            ids = renderer.opening(task.prompt, task.tools)
        except UsageError as error:
            errors.append(f"{task.id}: {error}")
            continue
        lengths[task.id] = len(ids)
        if place < shown:
            pieces[task.id] = renderer.pieces(ids)
    long = {name: count for name, count in lengths.items() if longest and count > longest}
    return RenderedPrompts(
        positions=positions,
        lengths=lengths,
        pieces=pieces,
        errors=tuple(errors),
        left_out=tuple(
            f"{name}: left out, its prompt has {count} tokens and max_prompt_length is {longest}"
            for name, count in long.items()
        ),
        too_long=tuple(n for n, count in lengths.items() if count >= positions and n not in long),
    )
