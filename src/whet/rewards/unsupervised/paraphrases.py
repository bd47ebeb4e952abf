"""Paraphrases of a task."""

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from whet.types import Task, UsageError
from whet.types.messages import question_in, with_question


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
        said = f"{before}{question_in(task.prompt)}{after}"
        return replace(task, prompt=with_question(task.prompt, said))
