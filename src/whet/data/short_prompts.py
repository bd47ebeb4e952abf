"""The tasks of a corpus with prompts that are short enough for a model, in its tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from whet.data.streams import STREAM, turn_and_place
from whet.protocols import Corpus
from whet.types import Task, UsageError

_PATIENCE = 1000  # draws of an endless corpus in place of one that is too long
_FAR = STREAM * STREAM  # beyond all streams: where those draws come from
_TURNS = 4  # number of rounds with a cached order


@dataclass(slots=True, kw_only=True)
class ShortPrompts(Corpus):
    """A corpus without the tasks with a prompt of more than `most` tokens.

    Of a corpus with an end the others follow each other in its own order, each once a round.  In an
    endless one another task is drawn in place of one that is too long.  Lengths are counted once.
    """

    corpus: Corpus
    most: int
    count: Callable[[Task], int]
    _lengths: dict[str, int] = field(default_factory=dict, repr=False)
    _orders: dict[tuple[str, int], Sequence[int]] = field(default_factory=dict, repr=False)

    def task(self, split: str, index: int) -> Task:
        """The `index`-th of the short ones.  Raises `UsageError` where there are none."""
        size = self.corpus.size(split)
        if size is None:
            return self._drawn(split, index)
        stream = index - index % STREAM
        first = self._order(split, stream, size)
        if not first:
            raise UsageError(
                f"max_prompt_length is {self.most}, and no {split} prompt of {size} is as short; "
                "give more"
            )
        turn, place = turn_and_place(index, len(first))
        order = self._order(split, stream + (turn - stream) * size, size)
        return self.corpus.task(split, order[place % len(order)])

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The short ones among the first tasks of a split; all of a split with an end are asked."""
        size = self.corpus.size(split)
        asked = self.corpus.held_out(split, count if size is None else size)
        return tuple(task for task in asked if self._is_short(task))[:count]

    def size(self, split: str) -> int | None:
        """The number of tasks with short prompts; None for an endless split."""
        size = self.corpus.size(split)
        return size if not size else len(self._order(split, 0, size))

    def benchmark(self) -> str:
        return self.corpus.benchmark()

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return self.corpus.chain_correct(task, reply)

    def _drawn(self, split: str, index: int) -> Task:
        for attempt in range(_PATIENCE):
            task = self.corpus.task(split, index + attempt * _FAR)
            if self._is_short(task):
                return task
        raise UsageError(
            f"max_prompt_length is {self.most}, and none of {_PATIENCE} {split} prompts is as "
            "short; give more"
        )

    def _order(self, split: str, start: int, size: int) -> Sequence[int]:
        """The indices of short prompts among the `size` tasks from `start` on."""
        key = split, start
        if key not in self._orders:
            while len(self._orders) >= _TURNS:
                del self._orders[next(iter(self._orders))]
            places = range(start, start + size)
            self._orders[key] = [i for i in places if self._is_short(self.corpus.task(split, i))]
        return self._orders[key]

    def _is_short(self, task: Task) -> bool:
        if task.id not in self._lengths:
            self._lengths[task.id] = self.count(task)
        return self._lengths[task.id] <= self.most
