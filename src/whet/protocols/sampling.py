"""Interfaces of the sampling strategy: which tasks to play, how often, and what to learn from."""

from abc import abstractmethod
from collections.abc import Sequence

from whet.protocols.part import Part
from whet.protocols.slots import Gate, Now, SamplingSetup, Stateful
from whet.types import Decoding, Group, Need, Request, Task, Ticket


class Strategy(Stateful):
    """The running half of a sampling part."""

    __slots__ = ()

    @abstractmethod
    def next(self, want: int, now: Now) -> Sequence[Request]:
        """At most `want` requests to play next; fewer or none if it has no more for now.

        A request may complete an earlier ticket of the same step (`Request.completes`).
        """

    @abstractmethod
    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> Sequence[Group]:
        """The groups to learn from, of a ticket that has landed.

        An empty result rejects the ticket, or keeps its rollouts waiting for further plays. Groups
        of other tickets are learned from besides, and fill no place in the batch.

        Every landed ticket is passed once; with staleness 0, in the order of ticket numbers.
        `groups` are the ticket's own. Groups that extensions add are learned from without being
        passed.
        """

    def peek(self, want: int) -> Sequence[Task]:
        """The tasks that would come next, as far as they are known."""
        del want
        return ()


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

    @property
    def most_rollouts(self) -> int:
        """The most rollouts of a step's tickets, without replacements; 0 where it is unknown."""
        return self.tickets * self.group_size

    @property
    def rounds(self) -> int:
        """Most rounds of sampling in a step after the first one."""
        return self.gate.max_rounds

    @property
    def replays(self) -> bool:
        """Whether groups of earlier steps are learned from again."""
        return False

    @property
    def weighs(self) -> bool:
        """Whether these groups have weights, which multiply their advantages."""
        return False

    @property
    def forks(self) -> bool:
        """Whether rollouts of a request may share sampled tokens."""
        return True

    @property
    def provides(self) -> frozenset[Need]:
        """The needs of the algorithm that it meets, such as demonstrations."""
        return frozenset()

    @abstractmethod
    def open(self, setup: SamplingSetup) -> Strategy:
        """Create the running half at the start of a run."""
