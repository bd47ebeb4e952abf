"""What worlds in worker processes have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf
from random import Random
from typing import ClassVar

from whet.environments.adapters.foreign.pool import Foreign
from whet.environments.adapters.stepping import PlayLimits
from whet.environments.adapters.turns import LUCK, drawn
from whet.environments.levels import check_level
from whet.protocols import Policy, World
from whet.types import Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignWorld(World, ABC):
    """A world that `make`, an import path, makes in worker processes; see `Foreign` for faults."""

    levels: ClassVar[tuple[int, int]] = (1, 1)
    bounds: ClassVar[tuple[float, float]] = (-inf, inf)
    driver: ClassVar[str]  # the module of whet.environments.adapters.drivers that calls the objects

    make: str
    solved: float = 1.0  # the least score that is correct
    processes: int = 4
    seconds: float = 30.0  # wall time of a call

    def __post_init__(self) -> None:
        _ = self.foreign  # which checks its settings

    @property
    def foreign(self) -> Foreign:
        """The processes that it runs in."""
        return Foreign(
            make=self.make, driver=self.driver, processes=self.processes, seconds=self.seconds
        )

    @abstractmethod
    async def play(self, task: Task, policy: Policy) -> Verdict:
        """Play one task with an object of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedWorld(ForeignWorld, ABC):
    """A world whose object is reset with a seed, and then answers each reply."""

    turns: int = 50  # legal replies
    corrections: int = 0  # illegal replies that are told what is legal
    rules: str = ""  # put before the first observation

    def __post_init__(self) -> None:
        ForeignWorld.__post_init__(self)
        _ = self.limits  # which checks its settings

    @property
    def limits(self) -> PlayLimits:
        """When a play ends."""
        return PlayLimits(turns=self.turns, corrections=self.corrections, solved=self.solved)

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        return drawn(self.make, rng.randrange(LUCK), self.limits.most, self.rules)

    def canonical(self, task: Task) -> str:
        return f"{self.make}/{task.info['luck']}"
