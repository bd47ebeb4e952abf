"""A system prompt: the same first message for every task."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Corpus
from whet.types import Prompt, Task, UsageError

_SYSTEM = {"system", "developer"}  # roles of a replaced message


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPrompt(Corpus):
    """The tasks of a corpus as chats that begin with this message, in place of their own.

    A prompt that is plain text becomes the user's message, so the model needs a chat template.
    """

    corpus: Corpus
    text: str

    def __post_init__(self) -> None:
        """Raise `UsageError` for an empty message."""
        if not self.text.strip():
            raise UsageError("system_prompt.text is empty; give what the system message says")

    def task(self, split: str, index: int) -> Task:
        return self._told(self.corpus.task(split, index))

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        return tuple(map(self._told, self.corpus.held_out(split, count)))

    def size(self, split: str) -> int | None:
        return self.corpus.size(split)

    def benchmark(self) -> str:
        return self.corpus.benchmark()

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return self.corpus.chain_correct(task, reply)

    def _told(self, task: Task) -> Task:
        return replace(task, prompt=self._prompt(task.prompt))

    def _prompt(self, prompt: Prompt) -> Prompt:
        system = {"role": "system", "content": self.text}
        if isinstance(prompt, str):
            return (system, {"role": "user", "content": prompt})
        rest = prompt[1:] if prompt and prompt[0]["role"] in _SYSTEM else prompt
        return (system, *rest)
