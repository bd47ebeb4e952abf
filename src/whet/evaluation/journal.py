"""Where the samples of an evaluation are kept, so that one that was stopped goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.evaluation.samples import Sample
from whet.evaluation.verifier_pass import Observer


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
class Watched:
    """A journal whose tasks are counted as they are found or kept.

    Raises `KeyboardInterrupt` where the observer stops the evaluation; what was played is kept.
    """

    inner: Journal
    observer: Observer

    def found(self, planned: Planned) -> Sequence[Sample] | None:
        held = self.inner.found(planned)
        if held is not None:
            self.observer.tick(1)
        return held

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        self.inner.keep(planned, samples)
        self.observer.tick(1)
        if self.observer.stopped():
            raise KeyboardInterrupt

    def revise(self, samples: Sequence[Sample]) -> None:
        self.inner.revise(samples)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Keeps nothing."""

    def found(self, planned: Planned) -> None:
        del planned

    def keep(self, planned: Planned, samples: Sequence[Sample]) -> None:
        del planned, samples

    def revise(self, samples: Sequence[Sample]) -> None:
        del samples
