"""The slots of a sampling strategy: parts that compose, and the running halves of those parts.

A part is a frozen value with its settings. `open` makes its running half when a run begins; that
half may keep a state, which is a part of every checkpoint.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from whet.protocols.part import Part
from whet.protocols.player import OpenPlays
from whet.protocols.worlds import Corpus
from whet.types import Group, Metrics, Need, Request, Rollout, Task, Ticket, UsageError
from whet.types.returned import are_flags


def _no_demonstration(task: Task) -> str | None:
    del task


def _no_ids(task: Task, reply: str) -> tuple[int, ...]:
    del task, reply
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSetup:
    """What a strategy may use when a run begins.

    Before a run, when a run is planned, nothing is demonstrated and texts have no ids.
    """

    corpus: Corpus
    seed: int
    steps: int
    demonstrate: Callable[[Task], str | None] = _no_demonstration  # a correct reply
    ids: Callable[[Task, str], tuple[int, ...]] = _no_ids  # token ids of a reply, with its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The state of the run when a strategy is asked."""

    step: int
    steps: int
    version: int
    metrics: Metrics  # of the previous step; empty in the first one
    round: int = 0  # of sampling, within the step
    missing: int = 0  # groups that the step still lacks


class Stateful:
    """What is alive during a run and may keep a state. By default it has none."""

    __slots__ = ()

    def step_ended(self, now: Now) -> Metrics:
        """Called after the last round of a step, when no ticket is under way. Returns metrics."""
        del now
        return {}

    def state_dict(self) -> dict[str, Any]:
        """State for `load_state_dict` between two steps: numbers, texts, lists, dictionaries,
        tensors.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore exactly the state that `state_dict` returned."""
        del state


class Running(Stateful):
    """The running half of a part. By default every hook does nothing."""

    __slots__ = ()

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Called for every landed ticket, in the order of tickets, before the gate decides."""
        del ticket, groups

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        """Called when a task's visit ends, with the rollouts of all its rounds.

        Rejected tasks are passed, too.
        """
        del task, groups


class PromptSource(Running):
    """The running half of a prompt order."""

    __slots__ = ()

    @abstractmethod
    def next(self, count: int, now: Now) -> Sequence[Task]:
        """The next `count` tasks; fewer or none if there is no more for now."""

    def peek(self, count: int) -> Sequence[Task]:
        """The tasks that would come next, as far as they are known."""
        del count
        return ()


class PromptOrder(Part):
    """The choice of tasks, before any rollout."""

    __slots__ = ()

    repeats: ClassVar[bool] = False  # draws tasks again before all others were drawn

    per_step: int = 0  # tickets (groups) per step; a part gives 1 or more

    @abstractmethod
    def open(self, setup: SamplingSetup) -> PromptSource: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeDecision:
    """What follows on a round of rollouts of one task.

    A rollout that is not kept is in neither loss nor baseline. One that is kept, and not learned
    from, is in the baseline only.
    """

    more: int = 0  # further rollouts to play in the next round; 0: the group is complete
    drop: bool = False  # True: the task is given up, and its group rejected
    keep: tuple[bool, ...] | None = None  # which rollouts stay in the group; None: all
    learn: tuple[bool, ...] | None = None  # which rollouts enter the loss; None: all

    def __post_init__(self) -> None:
        """Raise `UsageError` for a number below 0, and for flags that are not True or False."""
        if not isinstance(self.more, int) or isinstance(self.more, bool) or self.more < 0:
            raise UsageError(
                f"SizeDecision.more is {self.more!r}; give a whole number of 0 or more"
            )
        if not isinstance(self.drop, bool):
            raise UsageError(f"SizeDecision.drop is {self.drop!r}; give True or False")
        for name, flags in (("keep", self.keep), ("learn", self.learn)):
            if flags is not None and not are_flags(flags):
                raise UsageError(
                    f"SizeDecision.{name} is {flags!r:.80}; give a tuple with True or False for "
                    "each rollout, or None"
                )


class GroupSizer(Running):
    """The running half of a group size."""

    __slots__ = ()

    @abstractmethod
    def first(self, tasks: Sequence[Task], now: Now) -> Sequence[int]:
        """The number of rollouts in the first round of each task."""

    def after(self, group: Group) -> SizeDecision:
        """What follows on the rollouts that a task has so far.

        It is asked where the size `decides`; otherwise every group is complete.
        """
        del group
        return SizeDecision()


class GroupSize(Part):
    """The number of rollouts per task, at once or in several rounds."""

    __slots__ = ()

    drops: ClassVar[bool] = False  # whether it gives up tasks after their first round

    @property
    def rounds(self) -> int:
        """The most rounds that a group may need after its first one."""
        return 0

    @property
    def decides(self) -> bool:
        """Whether every landed group is shown to `GroupSizer.after`."""
        return self.rounds > 0

    @property
    def always(self) -> int:
        """The size of every group; 0 where sizes vary."""
        return 0

    def most_plays(self, tasks: int) -> int:
        """The most plays of so many tasks, with all rounds."""
        return self.always * tasks

    @abstractmethod
    def open(self, setup: SamplingSetup) -> GroupSizer: ...


class Shape(Part):
    """How the rollouts of a request are sampled: independent chains, or a tree.

    A rollout that shares its first tokens with another one has that one's id in `parent`, and their
    number in `forked_at`.
    """

    __slots__ = ()

    resumes: ClassVar[bool] = True  # plays begin with earlier ones, whose cached keys are kept

    def leaves(self, plays: int) -> int:
        """The number of rollouts of a request with so many plays; 0 where it varies."""
        return plays

    @abstractmethod
    async def roll(self, request: Request, plays: OpenPlays) -> Sequence[Rollout]:
        """All rollouts of a request."""


class LiveSchedule(Running):
    """The running half of a schedule."""

    __slots__ = ()

    @abstractmethod
    def apply(self, request: Request, now: Now) -> Request:
        """The request with other settings of its plays: temperature, length, prompt, prefix.

        The number of plays and their seeds stay. A reply gets no more tokens than before.
        """


class Schedule(Part):
    """Settings of plays that change during a run: temperature, reply length, hints.

    Several schedules act one after the other.
    """

    __slots__ = ()

    provides: frozenset[Need] = frozenset()  # needs of the algorithm that it meets
    sets: ClassVar[str] = ""  # a setting of every play that it replaces, such as "temperature"

    @abstractmethod
    def open(self, setup: SamplingSetup) -> LiveSchedule: ...


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


class LiveGroupReplay(Running):
    """The running half of a replay buffer."""

    __slots__ = ()

    @abstractmethod
    def recall(self, ticket: Ticket, admitted: Sequence[Group], now: Now) -> Sequence[Group]:
        """Groups of earlier steps to learn from besides the admitted ones of a ticket.

        It is called once per ticket with admitted groups, in the order of tickets. A rollout may be
        in a batch once; a group keeps the ticket number that it was sampled under.
        """


class GroupReplay(Part):
    """A replay buffer of groups, which are learned from again in later steps."""

    __slots__ = ()

    weighs: ClassVar[bool] = False  # gives its groups weights (`Group.weight`)

    @abstractmethod
    def open(self, setup: SamplingSetup) -> LiveGroupReplay: ...
