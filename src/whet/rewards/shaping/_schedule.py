"""Weights that change as training goes on: pure functions of the step."""

from dataclasses import dataclass

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """From `start` to `end` in a straight line over so many steps; then it stays."""

    start: float = 0.2
    end: float = 0.0
    steps: int = 500

    def __post_init__(self) -> None:
        """Refuse a ramp of no length."""
        if self.steps < 1:
            raise UsageError(f"ramp.steps is {self.steps}; give 1 or more")

    def at(self, step: int) -> float:
        """The weight at a step."""
        way = min(max(step / self.steps, 0.0), 1.0)
        return self.start + (self.end - self.start) * way
