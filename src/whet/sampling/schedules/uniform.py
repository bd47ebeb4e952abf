"""All tasks of the corpus in turn, a fixed number per step."""

from dataclasses import dataclass

from whet.data.streams import STREAM as STREAM
from whet.protocols import Corpus, PromptOrder
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(PromptOrder):
    """Every task of the training split once an epoch; each seed has other orders."""

    per_step: int = 32  # groups per step

    def __post_init__(self) -> None:
        if self.per_step < 1:
            raise UsageError(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")

    def task(self, corpus: Corpus, seed: int, index: int) -> Task:
        """The task at position `index` of the seed's stream."""
        return corpus.task("train", seed * STREAM + index)
