"""Stages of a run: when each of them begins."""

from abc import abstractmethod
from dataclasses import dataclass

from whet.protocols import Now, Part
from whet.types import UsageError


class StageStarts(Part):
    """The starts of the stages of a run, of which the first begins at step 0."""

    __slots__ = ()

    @property
    def stages(self) -> int:
        """The number of stages; 0 where any number is possible."""
        return 0

    @abstractmethod
    def stage(self, now: Now, stages: int) -> int:
        """Index of the stage, 0 … stages − 1, that the present step belongs to."""

    def check_count(self, name: str, stages: int) -> None:
        """Raise `UsageError` where the part `name` has another number of stages."""
        if self.stages not in (0, stages):
            raise UsageError(
                f"{name}.starts has {self.stages - 1} starts for {stages} stages; give "
                f"{stages - 1}, because the first stage begins at step 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenStages(StageStarts):
    """All stages are equally long: stage = ⌊stages · step / steps⌋."""

    def stage(self, now: Now, stages: int) -> int:
        return min(now.step * stages // max(now.steps, 1), stages - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtShares(StageStarts):
    """Each stage after the first begins at a share of the run's steps.

    A run that is resumed with more steps has its later stages later.
    """

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_rising("sampling.schedules: starts.shares", self.shares, 1)

    @property
    def stages(self) -> int:
        return len(self.shares) + 1

    def stage(self, now: Now, stages: int) -> int:
        del stages
        return sum(now.step >= share * now.steps for share in self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtSteps(StageStarts):
    """Each stage after the first begins at a step, counted from 0."""

    steps: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_rising("sampling.schedules: starts.steps", self.steps, float("inf"))

    @property
    def stages(self) -> int:
        return len(self.steps) + 1

    def stage(self, now: Now, stages: int) -> int:
        del stages
        return sum(now.step >= step for step in self.steps)


def _check_rising(name: str, starts: tuple[float, ...], most: float) -> None:
    bounds = (0.0, *starts, most)
    if any(a >= b for a, b in zip(bounds, bounds[1:], strict=False)):
        legal = "shares that rise between 0 and 1" if most == 1 else "steps that rise from 1 on"
        raise UsageError(f"{name} is {starts}; give {legal}")
