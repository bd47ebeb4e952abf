"""A pool: the first tasks of a corpus, over and over, so that each can be met again."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Corpus):
    """Training goes round the first `tasks` tasks; held-out splits are the corpus's own."""

    corpus: Corpus
    tasks: int

    def __post_init__(self) -> None:
        """Refuse a pool of nothing."""
        if self.tasks < 1:
            raise UsageError(f"pool.tasks is {self.tasks}; give 1 or more")

    def task(self, split: str, index: int) -> Task:
        """The task in that place of the round."""
        return self.corpus.task(split, index % self.tasks if split == "train" else index)

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """As the corpus has them."""
        return self.corpus.held_out(split, count)

    def size(self, split: str) -> int | None:
        """Training comes round after the pool's tasks."""
        return self.tasks if split == "train" else self.corpus.size(split)

    def benchmark(self) -> str:
        """As the corpus has it."""
        return self.corpus.benchmark()
