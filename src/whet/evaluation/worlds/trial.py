"""Trial plays of a world, which its checks look at."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from whet.environments.playing import Played, play
from whet.evaluation.worlds.bots import random
from whet.protocols import Bot, World
from whet.types import Finish, Task, Verdict

Seated = Callable[[str], Bot]
Found = tuple[bool | None, str]


@dataclass(slots=True, kw_only=True)
class WorldTrial:
    """Plays of a world at one level."""

    world: World
    level: int
    name: str  # by which a second process finds the world
    plays: int = 50
    noisy_plays: int = 200
    interleaved: int = 32
    finishes: set[Finish | None] = field(default_factory=set)
    milliseconds: list[float] = field(default_factory=list)  # per reply

    def task(self, place: int) -> Task:
        """A task of the level."""
        return self.world.draw(Random(f"trial {place}"), self.level)

    async def played(self, task: Task, seated: Seated, seed: int = 0) -> Played:
        """A play, whose endings and time are kept."""
        began = time.perf_counter()
        played = await play(self.world, task, seated, seed)
        if played.turns:
            self.milliseconds.append(1e3 * (time.perf_counter() - began) / len(played.turns))
        self.finishes |= {v.finish for v in played.verdicts.values() if v is not None}
        return played

    def by_chance(self, place: object) -> Seated:
        """The random player at every seat."""
        rng = Random(f"chance {place}")
        return lambda seat: random(self.world, rng)

    async def scores_by_chance(self, count: int) -> list[float]:
        """Scores of the random player against itself, of each seat in turn."""
        found: list[float] = []
        for place in range(count):
            played = await self.played(self.task(place), self.by_chance(place))
            seat = self.world.seats[place % len(self.world.seats)]
            found.append(verdict_of(played, seat).score)
        return found


def verdict_of(played: Played, seat: str) -> Verdict:
    """The verdict of a seat. Raises `ValueError` where the world gave none."""
    verdict = played.verdicts.get(seat)
    if verdict is None:
        raise ValueError(f"seat {seat!r} has no verdict")
    return verdict
