"""Weights that depend on the step of training."""

from dataclasses import dataclass

from whet.rewards.shaping.rescoring import finite
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A linear change from `start` to `end` over `steps` steps, and constant afterwards."""

    start: float = 0.2
    end: float = 0.0
    steps: int = 500

    def __post_init__(self) -> None:
        finite("ramp", start=self.start, end=self.end)
        if not self.steps >= 1:
            raise UsageError(f"ramp.steps is {self.steps}; give 1 or more")

    def at(self, step: int) -> float:
        """The weight at this step of training."""
        way = min(max(step / self.steps, 0.0), 1.0)
        return self.start + (self.end - self.start) * way
