"""The plainest order: the corpus from one end to the other, so many tasks a step."""

from dataclasses import dataclass

from whet.data.streams import STREAM as STREAM
from whet.protocols import Corpus, PromptOrder
from whet.types import Refusal, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(PromptOrder):
    """Every task of the training split in its turn; another seed begins elsewhere."""

    per_step: int = 32  # groups a step

    def __post_init__(self) -> None:
        """Refuse steps of nothing."""
        if self.per_step < 1:
            raise Refusal(f"sampling.prompts.per_step is {self.per_step}; give 1 or more")

    def task(self, corpus: Corpus, seed: int, index: int) -> Task:
        """The task at place `index` of the seed's own stream."""
        return corpus.task("train", seed * STREAM + index)
