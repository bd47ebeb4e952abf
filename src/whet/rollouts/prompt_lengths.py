"""How many tokens prompts have, and whether they leave room for a reply."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from whet.protocols import Renderer
from whet.types import Task, UsageError


@dataclass(slots=True)
class PromptLengths:
    """Counts the tokens of a task's prompt, of equal prompts once."""

    renderer: Renderer
    _known: dict[str, int] = field(default_factory=dict, repr=False)

    def __call__(self, task: Task) -> int:
        """The count; 0 where the task's environment words the prompt.

        Raises `UsageError` with the task's id where the prompt can't be rendered.
        """
        if not task.prompt:
            return 0
        plain = isinstance(task.prompt, str) and not task.tools
        key = str(task.prompt) if plain else repr((task.prompt, task.tools))
        if key not in self._known:
            self._known[key] = self._counted(task)
        return self._known[key]

    def _counted(self, task: Task) -> int:
        try:
            return len(self.renderer.opening(task.prompt, task.tools))
        except UsageError as error:
            raise UsageError(f"{task.id}: {error}") from error


def check_room(
    measured: Sequence[tuple[Task, int]], positions: int, reply: int, shortened: str = ""
) -> None:
    """Refuse prompts after which a reply of so many tokens doesn't fit; the longest is named.

    `shortened` says why the positions are fewer than the model declares.
    """
    why = f" ({shortened})" if shortened else ""
    room = positions - reply
    if room < 1:
        raise UsageError(
            f"sampling.decoding.max_new_tokens is {reply}, but the model has {positions} positions "
            f"for prompt and reply{why}; give less"
        )
    long = [(length, task.id) for task, length in measured if length > room]
    if not long:
        return
    length, name = max(long)
    raise UsageError(
        f"{name}: the prompt has {length} tokens, so a reply of {reply} "
        f"(sampling.decoding.max_new_tokens) doesn't fit into the model's {positions} "
        f"positions{why}; {len(long)} of {len(measured)} prompts are longer than {room}: leave "
        f"them out with --max-prompt-length {room}, or give --sampling.decoding.max_new_tokens less"
    )
