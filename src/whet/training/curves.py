"""A metric over the steps of a ledger; a step without a value is unknown, and no zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Row = Mapping[str, Any]

FEW = 5
"""The number of known steps from which on a curve is examined."""

_TAIL = 0.2  # share of the known steps, at the start and at the end, that are compared


class CurvePart(NamedTuple):
    """A metric over some steps: the mean, weighted by its denominators, and their sum."""

    value: float
    of: float

    @property
    def hits(self) -> int:
        """The numerator of a share, rounded."""
        return round(self.value * self.of)


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """The known values of a metric with their denominators, in the order of the steps."""

    points: tuple[CurvePart, ...]
    steps: int  # known or not

    @classmethod
    def of(cls, steps: Sequence[Row], metric: str) -> "MetricCurve":
        """The curve of a metric; a step that lacks it, or has it over nothing, has no point."""
        held = [row["metrics"].get(metric) for row in steps]
        known = (m for m in held if m and m["value"] is not None and m["of"])
        return cls(tuple(CurvePart(m["value"], m["of"]) for m in known), len(steps))

    @property
    def known(self) -> bool:
        """Whether enough steps have a value."""
        return len(self.points) >= FEW

    @property
    def early(self) -> CurvePart:
        """The mean over the first fifth of the known steps.  There has to be one."""
        return joined(self.points[: self._size])

    @property
    def late(self) -> CurvePart:
        """The mean over the last fifth of the known steps.  There has to be one."""
        return joined(self.points[-self._size :])

    @property
    def values(self) -> list[float]:
        """The known values."""
        return [point.value for point in self.points]

    @property
    def whole(self) -> CurvePart:
        """The mean over all known steps.  There has to be one."""
        return joined(self.points)

    @property
    def _size(self) -> int:
        return max(1, round(_TAIL * len(self.points)))

    def __str__(self) -> str:
        known = len(self.points)
        return "" if known == self.steps else f" (known in {known} of {self.steps} steps)"


def joined(parts: Sequence[CurvePart]) -> CurvePart:
    """Σ value · of / Σ of, as the means of several steps are added."""
    total = sum(part.of for part in parts)
    return CurvePart(sum(part.value * part.of for part in parts) / total, total)
