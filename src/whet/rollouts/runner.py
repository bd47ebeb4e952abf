"""Playing and judging of requests."""

from dataclasses import dataclass, field, replace

from whet.protocols import Judge, Player
from whet.rewards.judging import context_of
from whet.rewards.judging.queue import JudgingQueue
from whet.rollouts.checks.requested import check_request
from whet.types import Group, Request, Rollout, UsageError


@dataclass(frozen=True, slots=True)
class RolloutRunner:
    """A player and the reward that judges its rollouts."""

    player: Player
    reward: Judge | None
    step: int
    queue: JudgingQueue = field(default_factory=JudgingQueue)

    async def rollouts(self, request: Request) -> tuple[Group, ...]:
        """Play and judge a request; one group per seat."""
        return tuple([await self.score(group) for group in await self._played(request)])

    async def rollout(self, request: Request) -> Group:
        """Play and judge a request with a single trained seat."""
        return await self.score(await self.play(request))

    async def play(self, request: Request) -> Group:
        """Play a request with a single trained seat, without judging it.

        Raises `UsageError` if several seats have rollouts, or none.
        """
        groups = await self._played(request)
        if len(groups) != 1:
            seats = ", ".join(repr(group.seat) for group in groups) or "no seat"
            raise UsageError(
                f"task {request.task.id!r} was played by {seats}; exactly one seat is needed here"
            )
        return groups[0]

    async def _played(self, request: Request) -> tuple[Group, ...]:
        """What the player returns."""
        return await self.player.play(request)

    async def score(self, group: Group) -> Group:
        """The rollouts with the reward's verdicts; without a reward, with the environment's.

        A fault of the environment stays a fault, and the reward does not see its rollout.  Raises
        `UsageError` where neither a reward nor the environment judges a rollout.
        """
        if self.reward is None:
            return _judged_by_environment(group)
        sound = [rollout for rollout in group if not _is_fault(rollout)]
        if not sound:
            return group
        context = context_of(self.step, self.play)
        judged = await self.queue.judge(group.having(sound), self.reward, context)
        found = iter(judged)
        rollouts = tuple(r if _is_fault(r) else next(found) for r in group)
        return replace(group, rollouts=rollouts)

    async def check_judge(self) -> None:
        """Raise `IntegrityError` where the judge gave known rows other verdicts than theirs."""
        await self.queue.check(self.reward, context_of(self.step, self.play))


@dataclass(frozen=True, slots=True)
class CheckedRunner(RolloutRunner):
    """A runner that compares what the player returns with the request, before it is judged."""

    async def _played(self, request: Request) -> tuple[Group, ...]:
        """Raises `IntegrityError` for other rollouts than were asked for."""
        groups = await self.player.play(request)
        check_request(request, groups, self.player)
        return groups


def _is_fault(rollout: Rollout) -> bool:
    return rollout.verdict is not None and rollout.verdict.fault


def _judged_by_environment(group: Group) -> Group:
    for rollout in group:
        if rollout.verdict is None:
            raise UsageError(
                "the run has no reward, and the environment gave no verdict for task "
                f"{group.task.id!r}, seed {rollout.seed}; return one, or give the run a reward"
            )
    return group
