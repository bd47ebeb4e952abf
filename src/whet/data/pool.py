"""A pool: the first tasks of a corpus, repeated, so that training sees each one again."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Corpus):
    """Training repeats the first `tasks` tasks; held-out splits are those of the corpus."""

    corpus: Corpus
    tasks: int

    def __post_init__(self) -> None:
        """Raise `UsageError` for an empty pool."""
        if self.tasks < 1:
            raise UsageError(f"pool.tasks is {self.tasks}; give 1 or more")

    def task(self, split: str, index: int) -> Task:
        """The task at that index, modulo the size of the pool."""
        return self.corpus.task(split, index % self.tasks if split == "train" else index)

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The tasks of the corpus for that split."""
        return self.corpus.held_out(split, count)

    def size(self, split: str) -> int | None:
        """The size of the pool for training, else that of the split."""
        return self.tasks if split == "train" else self.corpus.size(split)

    def benchmark(self) -> str:
        """The evaluation split of the corpus."""
        return self.corpus.benchmark()

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return self.corpus.chain_correct(task, reply)
