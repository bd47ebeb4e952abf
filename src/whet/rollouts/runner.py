"""Plays and judges the requests of one step."""

from dataclasses import dataclass

from whet.protocols import Judge, Player
from whet.rewards.judging import context_of, judge
from whet.types import Group, Request, UsageError


@dataclass(frozen=True, slots=True)
class RolloutRunner:
    """A player and the reward that judges what it plays."""

    player: Player
    reward: Judge | None
    step: int

    async def rollouts(self, request: Request) -> tuple[Group, ...]:
        """Play and judge: one group per seat."""
        return tuple([await self.score(group) for group in await self.player.play(request)])

    async def rollout(self, request: Request) -> Group:
        """Play and judge where only one seat is trained."""
        return await self.score(await self.play(request))

    async def play(self, request: Request) -> Group:
        """The group of the only seat that is trained; its reward has not judged it yet.

        Raises `UsageError` where several seats spoke, or none.
        """
        groups = await self.player.play(request)
        if len(groups) != 1:
            seats = ", ".join(repr(group.seat) for group in groups) or "no seat"
            raise UsageError(
                f"task {request.task.id!r} was played by {seats}; a single group is needed here"
            )
        return groups[0]

    async def score(self, group: Group) -> Group:
        """The same rollouts with the reward's verdicts; without a reward, the world's own stand."""
        return await judge(group, self.reward, context_of(self.step, self.play))
