"""A corpus to measure on: what it holds is held out, whatever split is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark(Corpus):
    """One split of a corpus in place of all: every row of a file that names no test split."""

    corpus: Corpus
    split: str = ""  # the one; empty: the one that the corpus offers for this

    def task(self, split: str, index: int) -> Task:
        """Of the one split."""
        del split
        return self.corpus.task(self.benchmark(), index)

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """Of the one split."""
        del split
        return self.corpus.held_out(self.benchmark(), count)

    def size(self, split: str) -> int | None:
        """Of the one split."""
        del split
        return self.corpus.size(self.benchmark())

    def benchmark(self) -> str:
        """The one split."""
        return self.split or self.corpus.benchmark()
