"""What a proposed task is worth, as a function of how often it is solved."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.types import Rollout, Task


@runtime_checkable
class Poser(Protocol):
    """Reads a task out of a reply that proposes one."""

    def __call__(self, rollout: Rollout) -> Task | None:
        """The task; None where none can be read.  Raises `ValueError` where it is no valid one."""
        ...


@runtime_checkable
class Worth(Protocol):
    """A function of the solver's success rate."""

    def __call__(self, solved: float) -> float:
        """What the proposer earns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Absolute Zero (arXiv:2505.03335).  0 where p̂ is 0 or 1, else 1 − p̂."""

    def __call__(self, solved: float) -> float:
        return 1 - solved if solved > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tent:
    """R-Zero (arXiv:2508.05004, unconfirmed).  1 − 2 |p̂ − ½|."""

    def __call__(self, solved: float) -> float:
        return 1 - 2 * abs(solved - 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarer:
    """min(p̂, 1 − p̂)."""

    def __call__(self, solved: float) -> float:
        return min(solved, 1 - solved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parabola:
    """4 p̂ (1 − p̂)."""

    def __call__(self, solved: float) -> float:
        return 4 * solved * (1 - solved)
