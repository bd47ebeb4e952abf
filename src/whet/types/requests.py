"""What is to be played."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from whet.types.decoding import Decoding
from whet.types.tasks import Prompt, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One play of a task: its randomness, its decoding, and how its first reply begins."""

    seed: int
    decoding: Decoding
    prefix: tuple[int, ...] = ()  # token ids that the first reply begins with, chosen by others
    prompt: Prompt | None = None  # put in place of the task's own, with a hint; None: the task's


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A task and its plays.  The rollouts of one seat become one group."""

    task: Task
    plays: tuple[Play, ...]

    @classmethod
    def of(
        cls, task: Task, seeds: Sequence[int], decoding: Decoding, prefix: tuple[int, ...] = ()
    ) -> "Request":
        """One play per seed, all alike otherwise."""
        plays = (Play(seed=seed, decoding=decoding, prefix=prefix) for seed in seeds)
        return cls(task=task, plays=tuple(plays))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request under way.

    `number` is the place in the run: of B tickets a step, number n belongs to step n div B.  A
    ticket whose groups are rejected frees its number for a replacement with the next `attempt`.
    """

    number: int
    request: Request
    attempt: int = 0
    version: int = 0  # of the weights when it was launched

    @property
    def key(self) -> tuple[int, int]:
        """Tickets are observed in this order."""
        return self.number, self.attempt


def seed_of(*place: object) -> int:
    """A seed counted from a place, not drawn: h(place), the same on every machine."""
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())
