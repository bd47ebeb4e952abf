"""What a step lends to those who accompany it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from whet.protocols import Engine, Learner
from whet.training.run import Run
from whet.types import Group, Request, Task, seed_of

Episode = Callable[[Request], Awaitable[Group]]
"""Play a request and judge it."""
Judging = Callable[[Group], Awaitable[Group]]
"""Judge what was not played: demonstrations, corruptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a companion may be made of when a run begins."""

    engine: Engine
    learner: Learner
    base: Path  # the folder of the policy before any reward


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a run, as a companion sees it."""

    run: Run
    number: int
    learner: Learner
    episode: Episode
    judged: Judging
    folder: Path  # where a companion may keep models

    @property
    def rate(self) -> float:
        """The policy's learning rate in this step."""
        return self.run.optimiser.rate_at(self.number, self.run.steps)

    def seeds(self, name: str, task: Task, count: int) -> tuple[int, ...]:
        """Counted from run, step, task and purpose, so that they are nobody else's."""
        place = (name, self.run.seed, self.number, task.id)
        return tuple(seed_of(*place, i) for i in range(count))

    def demonstrate(self, task: Task) -> str | None:
        """A right reply, if the run has somebody who knows one."""
        teacher = self.run.demonstrator
        return None if teacher is None else teacher.demonstrate(task)
