"""Splits of tasks: those that a file names, and those that are reserved by hash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5

from whet.data.prompts import prompt_text
from whet.types import Task

ALL = "all"  # every row, whatever its split
_HELD_OUT = ("dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSplits:
    """The tasks of each split; dev and test hold each prompt once, in the order of hashes."""

    tasks: Mapping[str, tuple[Task, ...]]
    named: tuple[str, ...]  # held-out splits that the data name, test first


def sections(labelled: Sequence[tuple[Task, str]], reserved: float) -> FileSplits:
    """The splits of tasks with labels, of which "" means none.

    A held-out split that is named is used as it is.  One that is not is reserved: a share
    reserved / 2 of the other prompts, those first in the order of hashes.  No prompt is in two
    splits; where it is named for two, it is held out.
    """
    test = _different([task for task, split in labelled if split == "test"])
    dev = _different([task for task, split in labelled if split == "dev"])
    dev = {prompt: task for prompt, task in dev.items() if prompt not in test}
    rest: dict[str, list[Task]] = {}
    for task, split in labelled:
        prompt = prompt_text(task.prompt)
        if split not in _HELD_OUT and prompt not in test and prompt not in dev:
            rest.setdefault(prompt, []).append(task)
    order = sorted(rest, key=_hashed)
    sizes = _reserved(len(order), reserved, dev=not dev, test=not test)
    cut, kept = sizes[0], sum(sizes)
    return FileSplits(
        tasks={
            "dev": _tuple(dev) or tuple(rest[prompt][0] for prompt in order[:cut]),
            "test": _tuple(test) or tuple(rest[prompt][0] for prompt in order[cut:kept]),
            "train": tuple(task for prompt in order[kept:] for task in rest[prompt]),
            ALL: tuple(sorted((task for task, _ in labelled), key=_of_task)),
        },
        named=tuple(name for name, held in (("test", test), ("dev", dev)) if held),
    )


def _reserved(count: int, share: float, *, dev: bool, test: bool) -> tuple[int, int]:
    """The numbers of prompts that are reserved for dev and for test."""
    if not share or not (dev or test):
        return 0, 0
    if dev and test:
        kept = min(max(2, round(share * count)), count)  # one each, at least
        return (kept + 1) // 2, kept // 2
    one = min(max(1, round(share * count / 2)), count)
    return (one, 0) if dev else (0, one)


def _different(tasks: Sequence[Task]) -> dict[str, Task]:
    found: dict[str, Task] = {}
    for task in tasks:
        found.setdefault(prompt_text(task.prompt), task)
    return found


def _tuple(tasks: Mapping[str, Task]) -> tuple[Task, ...]:
    return tuple(tasks[prompt] for prompt in sorted(tasks, key=_hashed))


def _hashed(prompt: str) -> tuple[bytes, str]:
    return md5(prompt.encode()).digest(), prompt


def _of_task(task: Task) -> tuple[bytes, str, str]:
    return *_hashed(prompt_text(task.prompt)), task.id
