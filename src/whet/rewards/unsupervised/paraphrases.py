"""Paraphrases of a task."""

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from whet.types import Task, UsageError


@runtime_checkable
class Paraphrase(Protocol):
    """A function that puts a task in other words."""

    def __call__(self, task: Task) -> Task:
        """The same question in other words; the answer stays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The prompt inside a fixed sentence, in which `{}` stands for it."""

    words: str = "Answer this question. {}"

    def __post_init__(self) -> None:
        if self.words.count("{}") != 1:
            raise UsageError(f"template.words is {self.words!r}; write {{}} once, for the question")

    def __call__(self, task: Task) -> Task:
        before, _, after = self.words.partition("{}")
        if isinstance(task.prompt, str):
            return replace(task, prompt=f"{before}{task.prompt}{after}")
        *earlier, last = task.prompt
        said = {**last, "content": f"{before}{last['content']}{after}"}
        return replace(task, prompt=(*earlier, said))
