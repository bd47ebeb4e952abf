"""A procedural family as a corpus: endless tasks, in splits without common instances."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf
from random import Random

from whet.data.chains import chain_correct
from whet.data.splits import check_split, split_of
from whet.protocols import Corpus, TaskSource, World
from whet.types import Task, UsageError

_PATIENCE = 10_000  # draws without a new instance before a family counts as exhausted


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems(Corpus):
    """Tasks of a family, their levels drawn evenly between the lowest and the highest.

    Each task is drawn from dice of its own, so it depends on its split and index alone.  Splits are
    by canonical instance: even where a level has few instances, 85 % of them are in training.  But
    every split of a world whose openings are all alike (`World.splits` is False) has all of them,
    and its held-out tasks may be equal.

    `weights` are those of the levels in training. Held-out tasks always go round them evenly.
    """

    family: TaskSource
    levels: tuple[int, int]
    seed: int = 0
    weights: tuple[float, ...] = field(default=(), repr=False)  # (): all levels alike

    def __post_init__(self) -> None:
        """Raise `UsageError` for levels that the family does not have."""
        low, high = self.levels
        if not 0 < low <= high:
            raise UsageError(f"problems.levels is {self.levels}; give (lowest, highest), from 1 on")
        self._check_weights(high - low + 1)
        check_fixed(self, "problems.family")
        for level in self.levels:
            self.family.draw(Random(0), level)

    def task(self, split: str, index: int) -> Task:
        """The `index`-th task of a split; training sees an instance again only by chance."""
        rng = self._rng(split, index)
        level = self._level(split, rng)
        drawn = next(draws(self.family, rng, level, split), None)
        if drawn is None:
            raise UsageError(
                f"{self.family} has no {split} task of level {level}; give other levels"
            )
        return replace(drawn, id=f"{self._name()}/{split}/{index}")

    def held_out(self, split: str, count: int) -> tuple[Task, ...]:
        """`count` distinct tasks of a split, going round the levels; more of them begin so too."""
        low, high = self.levels
        found: dict[str, Task] = {}
        for place in range(count):
            level = low + place % (high - low + 1)
            rng = self._rng(split, f"held out {place}")
            for drawn in draws(self.family, rng, level, split):
                if (canonical := self._told_apart(drawn, place)) not in found:
                    found[canonical] = replace(drawn, id=f"{self._name()}/{split}/held-{place}")
                    break
            if len(found) <= place:
                raise UsageError(
                    f"{self.family} has no {count} distinct {split} tasks: level {level} has no "
                    f"other after {place} in all; ask for fewer, or give other levels"
                )
        return tuple(found.values())

    def chain_correct(self, task: Task, reply: str) -> bool | None:
        return chain_correct(self.family, task, reply)

    def _told_apart(self, drawn: Task, place: int) -> str:
        """What no two held-out tasks share."""
        return self.family.canonical(drawn) if _splits(self.family) else str(place)

    def _level(self, split: str, rng: Random) -> int:
        low, high = self.levels
        if split != "train" or not self.weights:
            return rng.randint(low, high)
        return rng.choices(range(low, high + 1), self.weights)[0]

    def _check_weights(self, levels: int) -> None:
        sound = all(0 <= weight < inf for weight in self.weights) and sum(self.weights) > 0
        if self.weights and not (sound and len(self.weights) == levels):
            raise UsageError(
                f"problems.weights is {self.weights}; give {levels} numbers, one for each level, "
                "0 or more and not all 0"
            )

    def _rng(self, split: str, place: int | str) -> Random:
        check_split(split)
        return Random(f"{self!r}/{split}/{place}")

    def _name(self) -> str:
        low, high = self.levels
        return f"{type(self.family).__name__.lower()}-{low}-{high}-{self.seed}"


def check_fixed(drawn_by: object, field: str) -> None:
    """Raise `UsageError` for an object whose text differs in another process.

    Draws are seeded with the text of what makes them.
    """
    if (place := repr(drawn_by).find(" at 0x")) >= 0:
        held = repr(drawn_by)[max(0, place - 40) : place]
        raise UsageError(
            f"{field} holds an object without a text of its own ({held!r}), so that another "
            "process would draw other tasks; make it a frozen dataclass"
        )


def draws(family: TaskSource, rng: Random, level: int, split: str) -> Iterator[Task]:
    """Draw after draw of one level, those of one split."""
    for _ in range(_PATIENCE):
        drawn = family.draw(rng, level)
        if not _splits(family) or split_of(family.canonical(drawn)) == split:
            yield drawn


def _splits(family: TaskSource) -> bool:
    return not isinstance(family, World) or family.splits
