"""A published benchmark in a file of yours: every row a task that names its verifier."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import md5
from pathlib import Path
from typing import ClassVar

from whet.data.benchmark_row import BenchmarkRow
from whet.data.formats import DataRow, rows, stamp
from whet.data.prompts import prompt_text
from whet.data.sections import ALL
from whet.protocols import Corpus
from whet.types import Task, UsageError

_TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkFile(Corpus, ABC):
    """The rows of a benchmark, in the order of the hashes of their prompts.

    So the first n of them are a sample of all.  `path` is a file, a folder of such files, or a
    pattern, in any format of `whet.data.files.File`.  Where the files are named for splits, those
    named for the test split are read alone.  Every row has to be as its data set card says; the
    first that is not raises `UsageError`.

    The only split is `test`, since a benchmark is not trained on.
    """

    path: str
    family: ClassVar[str] = ""  # the name of the benchmark
    card: ClassVar[str] = ""  # where its columns are described
    kept: ClassVar[str] = ""  # the rows that count, where not all do, in words

    @abstractmethod
    def read(self, row: BenchmarkRow) -> Task:
        """The task of a row.  Raises `UsageError` for a row that is not as the card says."""

    def keeps(self, row: BenchmarkRow) -> bool:
        """Whether a row belongs to the benchmark; the others are not read."""
        del row
        return True

    def stamps(self) -> tuple[int, ...]:
        """Other numbers after a file was written again."""
        return (stamp(self.path),)

    def task(self, split: str, index: int) -> Task:
        """The `index`-th task, which begins again after the end."""
        tasks = self._tasks(split)
        return tasks[index % len(tasks)]

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        return self._tasks(split)[:count]

    def size(self, split: str) -> int:
        return len(self._tasks(split))

    def _tasks(self, split: str) -> tuple[Task, ...]:
        if split not in (_TEST, ALL):
            raise UsageError(
                f"split is {split!r}, and benchmark {self.family} has {_TEST} alone; to train on "
                f"other rows give their file without the prefix {self.family}:"
            )
        return _read(self, self.stamps())


@lru_cache(maxsize=8)
def _read(benchmark: BenchmarkFile, stamped: tuple[int, ...]) -> tuple[Task, ...]:
    """The tasks of a benchmark, read again only after a change of a file."""
    del stamped
    tasks: dict[str, Task] = {}
    places: dict[str, str] = {}
    for found in _of_test(benchmark.path):
        row = BenchmarkRow(place=found.place, values=found.values, card=benchmark.card)
        if not benchmark.keeps(row):
            continue
        task = benchmark.read(row)
        if task.id in tasks:
            raise UsageError(
                f"{row.place}: id {task.id!r} stands at {places[task.id]} already; take one out"
            )
        tasks[task.id], places[task.id] = task, row.place
    if not tasks:
        raise UsageError(f"file.path is {benchmark.path!r}, which has no row of {benchmark.kept}")
    return tuple(sorted(tasks.values(), key=_hashed))


def _of_test(path: str) -> Iterable[DataRow]:
    """The rows of files that are named for the test split; all rows where no file is.

    One file is not held in memory as a whole: its tests may have gigabytes.
    """
    if not Path(path).is_dir():
        return rows(path)
    found = list(rows(path))
    return [row for row in found if row.split == _TEST] or found


def _hashed(task: Task) -> tuple[bytes, str]:
    return md5(prompt_text(task.prompt).encode(), usedforsecurity=False).digest(), task.id
