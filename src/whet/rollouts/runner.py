"""Plays and judges the requests of one step."""

from dataclasses import dataclass

from whet.protocols import Judge, Player, RewardContext
from whet.rewards.judging import judge
from whet.types import Group, Request


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
        """Play and judge where only the policy's own seat is trained."""
        groups = await self.rollouts(request)
        if len(groups) != 1:
            raise ValueError(f"task {request.task.id!r} has {len(groups)} seats, not one")
        return groups[0]

    async def score(self, group: Group) -> Group:
        """The same rollouts with the reward's verdicts; without a reward, the world's own stand."""
        if self.reward is None:
            return group
        context = RewardContext(step=self.step, play=self.player.play)
        return await judge(group, self.reward, context)
