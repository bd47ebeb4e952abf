"""What a proposed task is worth, as a function of its success rate."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.types import Rollout, Task


@runtime_checkable
class Poser(Protocol):
    """A parser for replies that propose a task."""

    def __call__(self, rollout: Rollout) -> Task | None:
        """The proposed task; None where the reply proposes none.

        Raises `ValueError` where the task is invalid.
        """
        ...


@runtime_checkable
class Worth(Protocol):
    """A function of the solver's success rate."""

    def __call__(self, solved: float) -> float:
        """The proposer's score for a task with this success rate."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Absolute Zero (arXiv:2505.03335).  1 − p̂ where p̂ > 0, else 0.

    The authors' release pays −½ instead of 0 where p̂ is 0 or 1; the paper pays 0, as here.
    """

    def __call__(self, solved: float) -> float:
        return 1 - solved if solved > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tent:
    """R-Zero (arXiv:2508.05004).  1 − 2 |p̂ − ½|; the authors' release pays half of it, `Rarer`."""

    def __call__(self, solved: float) -> float:
        return 1 - 2 * abs(solved - 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarer:
    """min(p̂, 1 − p̂): the smaller of success and failure rate."""

    def __call__(self, solved: float) -> float:
        return min(solved, 1 - solved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parabola:
    """4 p̂ (1 − p̂), the variance of a success, scaled to a maximum of 1."""

    def __call__(self, solved: float) -> float:
        return 4 * solved * (1 - solved)
