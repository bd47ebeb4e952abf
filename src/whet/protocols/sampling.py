"""Sampling strategy: which tasks to try next, how often, and which groups to learn from."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols.part import Part
from whet.protocols.worlds import Corpus
from whet.types import Decoding, Group, Metrics, Request, Task, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSetup:
    """What a strategy is made of when a run begins."""

    corpus: Corpus
    seed: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Where a run stands when a strategy is asked."""

    step: int
    steps: int
    version: int
    metrics: Metrics  # of the step before; empty at first


class Strategy:
    """The running half of a sampling part.  It may remember what it saw."""

    __slots__ = ()

    @abstractmethod
    def next(self, want: int, now: Now) -> Sequence[Request]:
        """Up to `want` requests to play next; fewer, or none yet, where there are no more."""

    @abstractmethod
    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> Sequence[Group]:
        """What to learn from, of a ticket that has landed; nothing: the ticket is rejected.

        Every landed ticket is shown once; with staleness 0 in the order of ticket numbers.
        `groups` are the ticket's own: what extensions bring besides is learned from unasked.
        """

    def peek(self, want: int) -> Sequence[Task]:
        """The tasks that would come next, as far as they are known."""
        del want
        return ()

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: numbers, texts, lists and dictionaries."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on exactly where `state_dict` was asked for."""
        del state


class Gate(Part):
    """Which groups to learn from.

    Rejected tickets are replaced in up to `max_rounds` further rounds of a step, `oversample` times
    as many as are missing.  With `max_rounds` 0 a rejected group makes the batch smaller.
    """

    __slots__ = ()

    max_rounds: int = 0
    oversample: float = 1.0

    @abstractmethod
    def __call__(self, group: Group) -> bool:
        """Does this group enter the batch?"""


class PromptOrder(Part):
    """Which task comes next."""

    __slots__ = ()

    per_step: int  # tickets, and so groups, per step

    @abstractmethod
    def task(self, corpus: Corpus, seed: int, index: int) -> Task:
        """The `index`-th task of a run with this seed."""


class GroupSize(Part):
    """How many rollouts a task gets."""

    __slots__ = ()

    @property
    def always(self) -> int:
        """The size of every group; 0 where sizes vary."""
        return 0

    @abstractmethod
    def __call__(self, task: Task) -> int:
        """The size of this task's group."""


class Sampling(Part):
    """A sampling strategy as a value."""

    __slots__ = ()

    decoding: Decoding  # how rollouts are sampled, and so how the policy is measured
    gate: Gate  # which groups are learned from, and how rejected ones are replaced

    @property
    @abstractmethod
    def tickets(self) -> int:
        """Groups per step."""

    @property
    @abstractmethod
    def group_size(self) -> int:
        """Rollouts per group; 0 where it varies."""

    @abstractmethod
    def open(self, setup: SamplingSetup) -> Strategy:
        """The running half, at the start of a run."""
