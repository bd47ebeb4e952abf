"""A pool: the first tasks of a corpus, over and over, so that each can be met again."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Training goes round the first `size` tasks; held-out splits are the corpus's own."""

    corpus: Corpus
    size: int

    def __post_init__(self) -> None:
        """Refuse a pool of nothing."""
        if self.size < 1:
            raise UsageError(f"pool.size is {self.size}; give 1 or more")

    def task(self, split: str, index: int) -> Task:
        """The task in that place of the round."""
        return self.corpus.task(split, index % self.size if split == "train" else index)

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """As the corpus has them."""
        return self.corpus.held_out(split, count)
