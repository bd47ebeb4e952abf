"""Your own data: files and folders of rows, in the formats of other trainers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from whet.data.formats import rows, stamp
from whet.data.formats.folders import split_named
from whet.data.prompts import prompt_text
from whet.data.row_formats import task_of
from whet.data.sections import ALL, FileSplits, sections
from whet.data.splits import SPLITS
from whet.data.streams import turn_and_place
from whet.protocols import Corpus
from whet.types import Task, UsageError

_SPLIT = "split"  # the column


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Corpus):
    r"""The rows of a file as tasks; recognises the columns of TRL, veRL, verifiers and GSM8K.

    `path` is a file (.jsonl, .json, .csv, .tsv, .parquet, .arrow), a folder of such files or one
    that `datasets.save_to_disk` wrote, or a pattern such as `data/*.parquet`.

    The prompt is in the column `prompt` or `question`, the answer in `reward_model.ground_truth`,
    `answer`, `solution`, `ground_truth` or `label`, unless they are named here, as for OpenRLHF.
    Where the answer is a list of texts or numbers, each of them is right.  Of an answer that ends
    in a line `#### 42`, or that has one `\boxed{42}`, the 42 is the answer.  The column `tools` has
    schemas.  All columns but the prompt, and what `info` and `extra_info` hold, are kept in the
    task's `info`.

    Splits that the files are named for, or that a column `split` names, are used as they are.
    Otherwise, in the order of their hashes, the first prompts are reserved: half of them for `dev`,
    half for `test`.  A prompt that occurs again is in one split with itself.  The split `all` is
    every row.  Training uses a new order of the rows in every epoch.
    """

    path: str
    prompt_column: str = ""
    answer_column: str = ""
    reserved: float = 0.1  # share of the different prompts
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise `UsageError` for a bad share.  The file is read with the first task."""
        if not 0 <= self.reserved <= 1:
            raise UsageError(f"file.reserved is {self.reserved}; give a share from 0 to 1")

    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split, which begins again after its end.

        Each stream of the training split goes through all rows before it meets one again.
        """
        tasks = self._split(split)
        if not tasks:
            raise UsageError(f"{self.path} has no {split} tasks; change file.reserved")
        turn, place = turn_and_place(index, len(tasks))
        if split == "train":
            place = _order(self.seed, turn, len(tasks))[place]
        return tasks[place]

    def held_out(self, split: str, count: int) -> tuple[Task, ...]:
        """The first `count` different tasks of a split, or all there are; of `all` every row."""
        tasks = self._split(split)
        if split == ALL:
            return tasks[:count]
        different: dict[str, Task] = {}
        for task in tasks:
            different.setdefault(prompt_text(task.prompt), task)
        return tuple(different.values())[:count]

    def size(self, split: str) -> int:
        """The number of rows of the split."""
        return len(self._split(split))

    def benchmark(self) -> str:
        """The test split that the files name, else the dev split that they name, else all rows."""
        return next(iter(self._sections().named), ALL)

    def _split(self, split: str) -> tuple[Task, ...]:
        if split not in (*SPLITS, ALL):
            raise UsageError(f"split is {split!r}; choose from {', '.join((*SPLITS, ALL))}")
        return self._sections().tasks[split]

    def _sections(self) -> FileSplits:
        return _read(self, stamp(self.path))


@lru_cache(maxsize=8)
def _read(file: File, stamped: int) -> FileSplits:
    """The rows of the file, read again only after a change of the file."""
    del stamped
    tasks, of_files, of_rows = [], [], []
    for row in rows(file.path):
        tasks.append(task_of(row.values, row.place, file.prompt_column, file.answer_column))
        of_files.append(row.split)
        of_rows.append(str(row.values.get(_SPLIT, "")))
    named = labels(of_files, of_rows)
    return sections(list(zip(tasks, named, strict=True)), file.reserved)


def labels(of_files: Sequence[str], of_rows: Sequence[str]) -> Sequence[str]:
    """The split that each row is named for, by its file, else by a column; empty: by none.

    Raises `UsageError` for a column that names held-out rows, and other rows for no split.
    """
    named = [split_named(word) for word in of_rows]
    if any(of_files):
        return of_files
    if "" in named and {"dev", "test"} & set(named):
        odd, held = of_rows[named.index("")], next(one for one in named if one in ("dev", "test"))
        raise UsageError(
            f"column {_SPLIT} is {odd!r} in one row and means {held} in another; name train, dev "
            "or test in every row, or rename the column"
        )
    if "" in named or len(set(named)) == 1:
        return [""] * len(named)  # the column has another meaning
    return named


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> tuple[int, ...]:
    order = list(range(count))
    Random(f"{seed}/{turn}").shuffle(order)
    return tuple(order)
