"""Interfaces of the sampling strategy: which tasks to play, how often, and what to learn from."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols.part import Part
from whet.protocols.worlds import Corpus
from whet.types import Decoding, Group, Metrics, Request, Task, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSetup:
    """What a strategy may use when a run begins."""

    corpus: Corpus
    seed: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The state of the run when a strategy is asked."""

    step: int
    steps: int
    version: int
    metrics: Metrics  # of the previous step; empty in the first one


class Strategy:
    """The running half of a sampling part; it may keep a state."""

    __slots__ = ()

    @abstractmethod
    def next(self, want: int, now: Now) -> Sequence[Request]:
        """At most `want` requests to play next; fewer or none if it has no more for now."""

    @abstractmethod
    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> Sequence[Group]:
        """The groups to learn from, of a ticket that has landed.

        An empty result rejects the ticket.

        Every landed ticket is passed once; with staleness 0, in the order of ticket numbers.
        `groups` are the ticket's own. Groups that extensions add are learned from without being
        passed.
        """

    def peek(self, want: int) -> Sequence[Task]:
        """The tasks that would come next, as far as they are known."""
        del want
        return ()

    def state_dict(self) -> dict[str, Any]:
        """State for `load_state_dict`: numbers, texts, lists and dictionaries."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore exactly the state that `state_dict` returned."""
        del state


class Gate(Part):
    """Filter on groups: which ones enter the batch.

    Rejected tickets are replaced in at most `max_rounds` further rounds per step, by `oversample`
    times the number that is missing. With `max_rounds` 0, a rejected group makes the batch smaller.
    """

    __slots__ = ()

    max_rounds: int = 0
    oversample: float = 1.0

    @abstractmethod
    def __call__(self, group: Group) -> bool:
        """True if the group enters the batch."""


class PromptOrder(Part):
    """The order in which tasks are played."""

    __slots__ = ()

    per_step: int  # tickets (groups) per step

    @abstractmethod
    def task(self, corpus: Corpus, seed: int, index: int) -> Task:
        """The `index`-th task of a run with this seed."""


class GroupSize(Part):
    """Number of rollouts per task."""

    __slots__ = ()

    @property
    def always(self) -> int:
        """The size of every group; 0 where sizes vary."""
        return 0

    @abstractmethod
    def __call__(self, task: Task) -> int:
        """The size of this task's group."""


class Sampling(Part):
    """Settings of a sampling strategy."""

    __slots__ = ()

    decoding: Decoding  # of rollouts, and by default of evaluations
    gate: Gate  # filter on groups, and how rejected ones are replaced

    @property
    @abstractmethod
    def tickets(self) -> int:
        """Number of groups (tickets) per step."""

    @property
    @abstractmethod
    def group_size(self) -> int:
        """Rollouts per group; 0 where sizes vary."""

    @abstractmethod
    def open(self, setup: SamplingSetup) -> Strategy:
        """Create the running half at the start of a run."""
