"""Where the samples of an evaluation are kept, so that one that was stopped goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A task that is about to be played, greedily or `len(seeds)` times."""

    name: str
    greedy: bool
    seeds: tuple[int, ...]
    model: str = ""
    policy: str = ""
    setting: str = ""
    strategy: str = ""  # of test-time compute; "": plain samples


@runtime_checkable
class Journal(Protocol):
    """Keeps the samples of every task, and brings those that are there."""

    def found(self, planned: Planned) -> Sequence[Sample] | None:
        """The samples of a task that was played before; None if it has to be played."""
        ...

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        """Keep the samples of a task that was played."""
        ...

    def revise(self, samples: Sequence[Sample]) -> None:
        """Keep these in place of the samples of the same problems, kinds and indices."""
        ...


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Keeps nothing."""

    def found(self, planned: Planned) -> None:
        del planned

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        del planned, samples

    def revise(self, samples: Sequence[Sample]) -> None:
        del samples
