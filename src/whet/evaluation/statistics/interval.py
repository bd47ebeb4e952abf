"""A value with its confidence interval."""

from dataclasses import dataclass

LEVEL = 0.95  # of every interval, unless its function says otherwise
TAIL = (1 - LEVEL) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """High end less low end."""
        return self.high - self.low

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
