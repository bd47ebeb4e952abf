"""Rewards: judges of one rollout, judges of a group, and the models that judges ask."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols.part import Part
from whet.types import (
    ChatDecoding,
    ChatReply,
    Group,
    Message,
    Request,
    Rollout,
    UsageError,
    Verdict,
)

PlayRequest = Callable[[Request], Awaitable[Group]]
"""Plays a request with the policy at hand, in the run's environment; rollouts have no verdicts."""


class Reward(Part, ABC):
    """A judge of one rollout at a time.

    An exception that `score` raises is a fault of the judge, never a zero; a `UsageError` stops the
    run.
    """

    __slots__ = ()

    @abstractmethod
    def score(self, rollout: Rollout) -> Verdict | Awaitable[Verdict]:
        """The verdict, or a coroutine of it for a judge that waits for a server.

        A plain function is called in a thread of its own, several rollouts at once.
        """


class GroupReward(Part, ABC):
    """A judge of all rollouts of a task together: votes, comparisons, ranks, wrappers.

    A judge that plays requests itself declares `needs = frozenset({Need.POLICY})`.
    """

    __slots__ = ()

    @abstractmethod
    async def score_group(self, group: Group, context: "RewardContext") -> Sequence[Verdict]:
        """One verdict per rollout, in order.

        Whatever else it returns is a fault of the rollouts concerned, and so is an exception; a
        `UsageError` stops the run.
        """
        ...


Judge = Reward | GroupReward


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardContext:
    """What a judge of groups may ask while it judges.

    `judge` asks another judge about the same group, or a part of it, under the same rules: its
    verdicts are timed, and its faults are those of single rollouts.
    """

    step: int  # of training; 0 in evaluations
    judge: Callable[[Judge, Group], Awaitable[tuple[Verdict, ...]]]
    play: PlayRequest | None = None  # None: there is no policy, as in `whet verify`

    async def played(self, request: Request) -> Group:
        """The rollouts of a request, without verdicts.  Raises `UsageError` without a policy."""
        if self.play is None:
            raise UsageError(
                f"task {request.task.id!r} can't be played: there is no policy here; give a reward "
                "that judges replies alone"
            )
        return await self.play(request)


@runtime_checkable
class ChatModel(Protocol):
    """A model that judges ask: a server, or the policy itself.  What it raises is a fault."""

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """As many replies as were asked for, in order."""
        ...
