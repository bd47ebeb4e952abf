"""reasoning_gym's data sets as corpora (github.com/open-thought/reasoning-gym)."""

import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING

from whet.data.splits import check_split, split_of
from whet.protocols import Corpus
from whet.registry import nearest
from whet.rewards.verifiable.gym_scorers import REFUSED
from whet.types import Task, UsageError

if TYPE_CHECKING:
    import reasoning_gym.dataset

_PATIENCE = 1000  # entries tried for one of a split
# what depends on the order of sets: 60 entries of each data set of reasoning_gym 0.1.25, compared
# under three hash seeds
_RESTLESS = frozenset(
    {
        "codeio",
        "intermediate_integration",
        "isomorphic_strings",
        "knight_swap",
        "list_functions",
        "polynomial_multiplication",
        "ransom_note",
        "word_ladder",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym(Corpus):
    """The entries of one data set at its default settings, in splits by the text of the question.

    Some entries have no single right answer; what judges them is the data set's own scorer, for
    which `info` carries the whole entry, as the text of a Python literal.
    """

    dataset: str
    entries: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise `UsageError` for a name that reasoning_gym lacks, or a set that can't be used."""
        if self.dataset not in (known := names()):
            raise UsageError(
                f"gym.dataset {self.dataset!r} is unknown; {nearest(self.dataset, known)}"
            )
        if self.dataset in REFUSED:
            raise UsageError(f"gym.dataset {self.dataset!r} is refused: {REFUSED[self.dataset]}")
        if self.dataset in _RESTLESS and os.environ.get("PYTHONHASHSEED", "random") == "random":
            raise UsageError(
                f"gym.dataset {self.dataset!r} differs in every process; "
                "start Python with PYTHONHASHSEED=0 to use it"
            )
        if self.entries < 1:
            raise UsageError(f"gym.entries is {self.entries}; give a number of entries, 1 or more")

    def task(self, split: str, index: int) -> Task:
        """An entry of the split, drawn from a random stream of its own; training may draw one
        again.
        """
        check_split(split)
        rng = Random(f"{self!r}/{split}/{index}")
        for _ in range(_PATIENCE):
            task = self._entry(rng.randrange(self.entries))
            if split_of(str(task.prompt)) == split:
                return task
        raise UsageError(
            f"gym.dataset {self.dataset!r} has hardly any {split} entry; give more entries"
        )

    def held_out(self, split: str, count: int) -> tuple[Task, ...]:
        """The first `count` entries of a split with different questions, or all there are."""
        check_split(split)
        found: dict[str, Task] = {}
        for place in range(self.entries):
            if len(found) == count:
                break
            task = self._entry(place)
            if split_of(str(task.prompt)) == split:
                found.setdefault(str(task.prompt), task)
        return tuple(found.values())

    def _entry(self, place: int) -> Task:
        entry = _dataset(self.dataset, self.entries, self.seed)[place]
        whole = {"dataset": self.dataset, "entry": repr(_literal(entry))}
        return Task(
            id=f"gym:{self.dataset}/{self.seed}/{place}",
            prompt=entry["question"],
            answer=entry["answer"] or "",
            info={"family": f"gym:{self.dataset}", "verifier": "gym", "gym": whole},
        )


def _literal(value: object) -> object:
    """The value as a Python literal: numpy's scalars as Python's, the few other objects as text."""
    if isinstance(value, dict):
        return {_literal(key): _literal(held) for key, held in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(map(_literal, value))
    scalar = getattr(value, "item", None)
    value = scalar() if callable(scalar) else value
    return value if isinstance(value, str | int | float | None) else str(value)


def names() -> tuple[str, ...]:
    """The names of the data sets of reasoning_gym."""
    if find_spec("reasoning_gym") is None:
        raise UsageError("corpus 'gym:…' needs reasoning_gym; pip install 'whet[gym]'")
    from reasoning_gym.factory import DATASETS

    return tuple(sorted(DATASETS))


@lru_cache(maxsize=16)
def _dataset(name: str, size: int, seed: int) -> "reasoning_gym.dataset.ProceduralDataset":
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=size, seed=seed)
