"""The order of training rows: another one in each epoch, and no prompt soon again."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

from whet.data.prompts import prompt_text
from whet.data.streams import STREAM
from whet.data.waiting_rows import WaitingRows
from whet.protocols import Corpus
from whet.types import Task

_KEPT = 4  # epochs with a cached order


@dataclass(slots=True, kw_only=True)
class EpochOrders(Corpus):
    """A corpus with its training rows in another order for every seed and every epoch.

    An epoch of n draws has every row once.  Between two draws of a prompt that stands in one row
    are at least `apart` draws, and n/2 if that is more, across the seam of two epochs; so no step
    of `apart` draws meets it twice, if n ≥ apart.  Rows with equal prompts are kept `apart`, too,
    as far as the other rows leave room for that; this is no promise.

    Orders depend on the seed, the epoch and the prompts, never on names of files.  An endless
    corpus keeps its own order.
    """

    corpus: Corpus
    apart: int
    _keys: list[str] = field(default_factory=list, repr=False)
    _orders: dict[tuple[int, int], Sequence[int]] = field(default_factory=dict, repr=False)

    def task(self, split: str, index: int) -> Task:
        size = self.corpus.size(split) if split == "train" else None
        if not size:
            return self.corpus.task(split, index)
        stream, drawn = divmod(index, STREAM)
        epoch, place = divmod(drawn, size)
        return self.corpus.task(split, self._order(stream, epoch, size)[place])

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        return self.corpus.held_out(split, count)

    def size(self, split: str) -> int | None:
        return self.corpus.size(split)

    def benchmark(self) -> str:
        return self.corpus.benchmark()

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return self.corpus.chain_correct(task, reply)

    def _order(self, stream: int, epoch: int, size: int) -> Sequence[int]:
        if len(self._keys) != size:
            self._keys = [_key(self.corpus.task("train", row)) for row in range(size)]
            self._orders.clear()
        if (stream, epoch) not in self._orders:
            while len(self._orders) >= _KEPT:
                del self._orders[next(iter(self._orders))]
            self._orders[stream, epoch] = epoch_order(stream, epoch, self._keys, self.apart)
        return self._orders[stream, epoch]


def epoch_order(seed: int, epoch: int, keys: Sequence[str], apart: int) -> list[int]:
    """The rows in the order of an epoch; rows with equal keys have the same prompt."""
    rows, wide = len(keys), (len(keys) + 1) // 2
    if apart > wide:
        return _in_blocks(seed, epoch, rows, rows - apart + 1 if rows > apart else rows)
    counts = Counter(keys)
    gaps = {key: min(apart, rows // (2 * n)) if n > 1 else wide for key, n in counts.items()}
    order = _alone(seed, epoch, keys, gaps)
    if not epoch:
        return order
    before = _alone(seed, epoch - 1, keys, gaps)
    last = {keys[row]: place - rows for place, row in enumerate(before)}
    return _apart(order, last, keys, gaps, rows - wide + 1)  # its own end stays for the next seam


def _alone(seed: int, epoch: int, keys: Sequence[str], gaps: Mapping[str, int]) -> list[int]:
    """The order of an epoch without regard to the one before; from both ends, as either has rows
    that find no other to change places with.
    """
    order = _shuffled(f"{seed}/{epoch}", len(keys))
    if len(gaps) < len(keys):
        backwards = _apart(order, {}, keys, gaps, len(keys))[::-1]
        order = _apart(backwards, {}, keys, gaps, len(keys))[::-1]
    return order


def _apart(
    order: list[int],
    last: dict[str, int],
    keys: Sequence[str],
    gaps: Mapping[str, int],
    stop: int,
) -> list[int]:
    """The order with rows exchanged below `stop`, so that equal keys keep their gaps.

    `last` has the places of earlier draws, below 0.  A row that comes too soon changes places with
    the next one that does not.
    """
    order, last = list(order), dict(last)
    later = {keys[order[place]]: place for place in reversed(range(stop, len(order)))}

    def release(row: int) -> float:
        return last.get(keys[row], -inf) + gaps[keys[row]]

    waiting = WaitingRows([release(row) for row in order[:stop]])
    for place in range(stop):
        row = order[place]
        if release(row) > place:
            room = later.get(keys[row], inf) - gaps[keys[row]]
            other = _next(waiting, order, place, release)
            if other is not None and other <= room:
                order[place], order[other] = order[other], row
                waiting.release(other, release(row))
        last[keys[order[place]]] = place
    return order


def _next(
    waiting: WaitingRows, order: Sequence[int], place: int, release: Callable[[int], float]
) -> int | None:
    """Where the next row stands that may be drawn here; what is known of rows with equal keys is
    brought up to date on the way.
    """
    while (other := waiting.first(place + 1, place)) is not None:
        if release(order[other]) <= place:
            return other
        waiting.release(other, release(order[other]))
    return None


def _in_blocks(seed: int, epoch: int, rows: int, size: int) -> list[int]:
    """An order for few rows, fixed but for blocks of so many rows that are shuffled anew.

    Between two draws of a row are n − size draws or more.
    """
    fixed, rng = _shuffled(f"{seed}", rows), Random(f"{seed}/{epoch}")
    blocks = [fixed[start : start + size] for start in range(0, rows, size)]
    for block in blocks:
        rng.shuffle(block)
    return [row for block in blocks for row in block]


def _shuffled(name: str, rows: int) -> list[int]:
    order = list(range(rows))
    Random(name).shuffle(order)
    return order


def _key(task: Task) -> str:
    """What tells a task from others; an environment may word the prompt itself."""
    return prompt_text(task.prompt) or task.id
