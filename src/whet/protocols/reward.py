"""Interfaces of rewards, of rewards for groups, and of the models that judges ask."""

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
"""Plays a request with the policy in the run's environment; the rollouts have no verdicts."""


class Reward(Part, ABC):
    """A judge of one rollout at a time.

    An exception raised by `score` is a fault of the judge: the rollout is masked, not scored 0. A
    `UsageError` stops the run.

    A task with `alternatives` is judged once for each of its answers, as if it had that one alone,
    and the best verdict counts.  A reward that looks at all of them itself says so with
    `reads_alternatives`.
    """

    __slots__ = ()

    reads_alternatives: bool = False

    @abstractmethod
    def score(self, rollout: Rollout) -> Verdict | Awaitable[Verdict]:
        """The verdict, or a coroutine of it where the judge waits for a server.

        A plain function is called in a thread of its own, for several rollouts at once.
        """


class GroupReward(Part, ABC):
    """A judge of all rollouts of a group together: votes, comparisons, ranks, wrappers.

    A judge that plays requests itself declares `needs = frozenset({Need.POLICY})`. One whose
    verdict on a reply depends on that reply alone declares `compares = False`.
    """

    __slots__ = ()

    compares: bool = True  # whether a verdict depends on the other rollouts of the group

    @abstractmethod
    async def score_group(self, group: Group, context: "RewardContext") -> Sequence[Verdict]:
        """One verdict per rollout, in order.

        An exception, or a return value of another form, is a fault of the rollouts concerned. A
        `UsageError` stops the run.
        """
        ...


Judge = Reward | GroupReward


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardContext:
    """What a group reward may use while it judges.

    `judge` asks another judge about the same group, or about part of it. Its verdicts are timed,
    and its faults concern single rollouts, as usual.
    """

    step: int  # training step; 0 in evaluations
    judge: Callable[[Judge, Group], Awaitable[tuple[Verdict, ...]]]
    play: PlayRequest | None = None  # None without a policy, as in `whet verify`

    async def played(self, request: Request) -> Group:
        """The rollouts of a request, without verdicts. Raises `UsageError` without a policy."""
        if self.play is None:
            raise UsageError(
                f"task {request.task.id!r} can't be played without a policy; give a reward "
                "that judges given replies"
            )
        return await self.play(request)


@runtime_checkable
class ChatModel(Protocol):
    """A model that judges ask: a server, or the policy itself.

    Its exceptions are faults of the judge.
    """

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """`decoding.samples` replies, in order."""
        ...
