"""Your own data: JSONL or parquet, in the shapes that other trainers write."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import md5
from pathlib import Path
from random import Random

from whet.data._rows import read
from whet.data._shapes import prompt_text, task_of
from whet.data.splits import check_split
from whet.types import Task, UsageError

Sections = Mapping[str, tuple[Task, ...]]
"""The tasks of each split: the held-out ones in the order of their hashes, each prompt once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The rows of a file as tasks; the shapes of TRL, veRL, verifiers and GSM8K are recognised.

    The prompt is in the column `prompt` or `question`, the answer in `reward_model.ground_truth`,
    `answer`, `solution`, `ground_truth` or `label`, unless they are named here, as for OpenRLHF.
    Of `… #### 42` the 42 is the answer.  All columns but the prompt, and what `info` and
    `extra_info` hold, are kept in the task's `info`.

    In the order of their hashes, the first prompts are reserved: half of them for `dev`, half for
    `test`.  A prompt that occurs again is in one split with itself.  Training goes through its
    rows in a new order each time round.
    """

    path: str
    prompt_column: str = ""
    answer_column: str = ""
    reserved: float = 0.1  # share of the different prompts
    seed: int = 0

    def __post_init__(self) -> None:
        """A share is a share; the file itself is read when a task is asked for."""
        if not 0 <= self.reserved <= 1:
            raise UsageError(f"file.reserved is {self.reserved}; give a share from 0 to 1")

    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split, which begins again when it is through."""
        tasks = self._split(split)
        if not tasks:
            raise UsageError(f"{self.path} has no {split} tasks; change file.reserved")
        turn, place = divmod(index, len(tasks))
        if split == "train":
            place = _order(self.seed, turn, len(tasks))[place]
        return tasks[place]

    def held_out(self, split: str, count: int) -> tuple[Task, ...]:
        """The first `count` different tasks of a split, or all there are."""
        different: dict[str, Task] = {}
        for task in self._split(split):
            different.setdefault(prompt_text(task.prompt), task)
        return tuple(different.values())[:count]

    def _split(self, split: str) -> tuple[Task, ...]:
        check_split(split)
        place = Path(self.path)
        return _sections(self, place.stat().st_mtime_ns if place.is_file() else 0)[split]


@lru_cache(maxsize=8)
def _sections(file: File, modified_ns: int) -> Sections:
    """Read once, until the file is another one."""
    del modified_ns
    by_prompt: dict[str, list[Task]] = {}
    for number, row in read(file.path):
        place = f"{Path(file.path).name}:{number}"
        task = task_of(row, place, file.prompt_column, file.answer_column)
        by_prompt.setdefault(prompt_text(task.prompt), []).append(task)
    order = sorted(by_prompt, key=lambda prompt: (md5(prompt.encode()).digest(), prompt))
    kept = max(2, round(file.reserved * len(order))) if file.reserved else 0  # one each, at least
    half = (min(kept, len(order)) + 1) // 2
    return {
        "dev": tuple(by_prompt[prompt][0] for prompt in order[:half]),
        "test": tuple(by_prompt[prompt][0] for prompt in order[half:kept]),
        "train": tuple(task for prompt in order[kept:] for task in by_prompt[prompt]),
    }


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> tuple[int, ...]:
    order = list(range(count))
    Random(f"{seed}/{turn}").shuffle(order)
    return tuple(order)
