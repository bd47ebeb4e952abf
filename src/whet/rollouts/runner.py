"""Playing and judging of requests."""

from dataclasses import dataclass

from whet.protocols import Judge, Player
from whet.rewards.judging import context_of, judge
from whet.types import Group, Request, UsageError


@dataclass(frozen=True, slots=True)
class RolloutRunner:
    """A player and the reward that judges its rollouts."""

    player: Player
    reward: Judge | None
    step: int

    async def rollouts(self, request: Request) -> tuple[Group, ...]:
        """Play and judge a request; one group per seat."""
        return tuple([await self.score(group) for group in await self.player.play(request)])

    async def rollout(self, request: Request) -> Group:
        """Play and judge a request with a single trained seat."""
        return await self.score(await self.play(request))

    async def play(self, request: Request) -> Group:
        """Play a request with a single trained seat, without judging it.

        Raises `UsageError` if several seats have rollouts, or none.
        """
        groups = await self.player.play(request)
        if len(groups) != 1:
            seats = ", ".join(repr(group.seat) for group in groups) or "no seat"
            raise UsageError(
                f"task {request.task.id!r} was played by {seats}; exactly one seat is needed here"
            )
        return groups[0]

    async def score(self, group: Group) -> Group:
        """The rollouts with the reward's verdicts; without a reward, with the environment's."""
        return await judge(group, self.reward, context_of(self.step, self.play))
