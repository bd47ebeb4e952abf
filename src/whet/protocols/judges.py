"""Who says how good a rollout was, and whom they may ask."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from whet.types import Asking, Completion, Group, Message, Request, Rollout, Verdict

Play = Callable[[Request], Awaitable[Group]]
"""Play a request with the policy at hand, in the run's environment; nobody has judged it yet."""


@runtime_checkable
class Reward(Protocol):
    """A judge of one rollout at a time.  What it raises is a fault, and never a zero.

    `score` may be a coroutine: a judge that waits for a server.
    """

    def score(self, rollout: Rollout) -> Verdict | Awaitable[Verdict]:
        """The verdict; a fault where no judgement is possible."""
        ...


@runtime_checkable
class GroupReward(Protocol):
    """A judge of all rollouts of a task together: votes, comparisons, ranks.

    `compare` may be a coroutine.
    """

    def compare(self, group: Group) -> Sequence[Verdict] | Awaitable[Sequence[Verdict]]:
        """One verdict per rollout, in order."""
        ...


@runtime_checkable
class ProbingReward(Protocol):
    """A judge that has the policy play on, or that asks other judges first."""

    async def probe(self, group: Group, play: Play) -> Sequence[Verdict]:
        """One verdict per rollout, in order."""
        ...


Judge = Reward | GroupReward | ProbingReward


@runtime_checkable
class Adviser(Protocol):
    """A model that judges ask: a server, or the policy itself.  What it raises is a fault."""

    async def complete(
        self, messages: tuple[Message, ...], asking: Asking
    ) -> tuple[Completion, ...]:
        """As many replies as were asked for, in order."""
        ...
