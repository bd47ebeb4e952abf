"""Requests for rollouts: a task, its seeds and its decoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from whet.types.decoding import Decoding
from whet.types.tasks import Prompt, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Settings of one rollout of a task: seed, decoding, and how its first reply begins."""

    seed: int
    decoding: Decoding
    prefix: tuple[int, ...] = ()  # ids that the first reply begins with, not sampled (external)
    prompt: Prompt | None = None  # replaces the task's prompt, e.g. with a hint; None: the task's


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A task and its plays. The rollouts of one seat become one group."""

    task: Task
    plays: tuple[Play, ...]

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


def seed_of(*place: object) -> int:
    """A seed hashed from a place (run, step, task, …), the same on every machine."""
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())
