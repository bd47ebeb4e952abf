"""A corpus for evaluation: every split of it is the same held-out split."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark(Corpus):
    """One split of a corpus in place of all splits, such as all rows of a file."""

    corpus: Corpus
    split: str = ""  # its name; empty: the one that the corpus offers for evaluation

    def task(self, split: str, index: int) -> Task:
        del split
        return self.corpus.task(self.benchmark(), index)

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        del split
        return self.corpus.held_out(self.benchmark(), count)

    def size(self, split: str) -> int | None:
        del split
        return self.corpus.size(self.benchmark())

    def benchmark(self) -> str:
        return self.split or self.corpus.benchmark()

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return self.corpus.chain_correct(task, reply)
