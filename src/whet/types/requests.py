"""Requests for rollouts: a task, its seeds and its decoding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar, Protocol, runtime_checkable

from whet.types.decoding import Decoding
from whet.types.errors import UsageError
from whet.types.rollouts import Rollout
from whet.types.tasks import Prompt, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Settings of one rollout of a task: seed, decoding, and how its first reply begins.

    `begun` is a rollout of the same task and a number of its sampled tokens. The play has these
    tokens, with their log-probs and versions, and is sampled from there on. Its environment is
    played again with the recorded replies, so it has to answer as before. A reply that is cut
    within is continued, and `prefix` stands behind the cut.

    `pause_at` interrupts the play, within a reply or between two, once it has that many sampled
    tokens. A paused rollout has no verdict; another play may begin with it.
    """

    seed: int
    decoding: Decoding
    prefix: tuple[int, ...] = ()  # ids that the first sampled reply begins with (external)
    prompt: Prompt | None = None  # replaces the task's prompt, e.g. with a hint; None: the task's
    begun: tuple[Rollout, int] | None = None  # go on from so many sampled tokens of a rollout
    pause_at: int = 0  # sampled tokens, with those of `begun`; 0: the play is not interrupted
    hint: float = field(default=0.0, repr=False)  # share of a solution that prompt or prefix tell

    def __post_init__(self) -> None:
        self._check_kinds()
        if self.begun is not None:
            rollout, tokens = self.begun
            if not 0 <= tokens <= rollout.length:
                raise UsageError(
                    f"a play of task {rollout.task.id!r} begins with {tokens} of "
                    f"{rollout.length} sampled tokens; give 0 to {rollout.length}"
                )
        if not 0 <= self.hint <= 1:
            raise UsageError(f"a play tells {self.hint} of a solution; give a share in [0, 1]")
        least = 0 if self.begun is None else self.begun[1]
        if self.pause_at and self.pause_at <= least:
            raise UsageError(
                f"a play is paused at {self.pause_at} tokens; give {least + 1} or more"
            )

    def _check_kinds(self) -> None:
        """Raise `UsageError` for a seed or a prefix that is none, and for another decoding."""
        if not _is_id(self.seed) or self.seed >= _SEEDS:
            raise UsageError(f"a play has seed {self.seed!r}; give a whole number in [0, 2^63)")
        if not isinstance(self.decoding, Decoding):
            raise UsageError(f"a play has decoding {self.decoding!r:.80}; give a Decoding")
        if not isinstance(self.prefix, tuple) or not all(map(_is_id, self.prefix)):
            raise UsageError(f"a play has prefix {self.prefix!r:.80}; give a tuple of token ids")


@runtime_checkable
class RolloutShape(Protocol):
    """How the rollouts of a request are sampled: independent chains, or a tree."""

    resumes: ClassVar[bool]  # whether plays begin with earlier ones of the request

    async def roll(self, request: "Request", plays: Any) -> Sequence[Rollout]:
        """All rollouts of a request. `plays` is a `whet.protocols.OpenPlays`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A task and its plays. The rollouts of one seat become one group."""

    task: Task
    plays: tuple[Play, ...]
    shape: RolloutShape | None = None  # None: each play is one independent chain
    completes: "Ticket | None" = None  # an earlier ticket of the step, whose group gets more plays

    def __post_init__(self) -> None:
        """Raise `UsageError` for a field of another type."""
        if not isinstance(self.task, Task):
            raise UsageError(f"a request has task {self.task!r:.80}; give a Task")
        plays = self.plays
        if not isinstance(plays, tuple) or not all(isinstance(play, Play) for play in plays):
            raise UsageError(f"a request has plays {plays!r:.80}; give a tuple of Play")
        shape = self.shape
        if shape is not None and (isinstance(shape, type) or not isinstance(shape, RolloutShape)):
            raise UsageError(f"a request has shape {shape!r:.80}; give a shape such as Chains()")
        if not isinstance(self.completes, Ticket | None):
            raise UsageError(f"a request completes {self.completes!r:.80}; give a Ticket, or None")

    @classmethod
    def of(
        cls, task: Task, seeds: Sequence[int], decoding: Decoding, prefix: tuple[int, ...] = ()
    ) -> "Request":
        """A request with one play per seed; all plays share decoding and prefix."""
        plays = (Play(seed=seed, decoding=decoding, prefix=prefix) for seed in seeds)
        return cls(task=task, plays=tuple(plays))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request in flight.

    `number` is its place in the run: of B tickets a step, number n belongs to step n div B. A
    ticket of rejected groups frees its number for a replacement with the next `attempt`.
    """

    number: int
    request: Request
    attempt: int = 0
    version: int = 0  # step of the weights at its launch

    @property
    def key(self) -> tuple[int, int]:
        """(number, attempt): the order in which a strategy observes tickets."""
        return self.number, self.attempt

    @property
    def label(self) -> str:
        """Its number, and its attempt after the first one: no other ticket of the run has it."""
        return f"{self.number}.{self.attempt}" if self.attempt else str(self.number)


_SEEDS = 2**63  # the first number that no seed may be


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def seed_of(*place: object) -> int:
    """A seed hashed from a place (run, step, task, …), the same on every machine."""
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())
