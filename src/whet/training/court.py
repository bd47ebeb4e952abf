"""Who plays and who judges in a step."""

from dataclasses import dataclass

from whet.protocols import Environment, Judge, Sampler
from whet.rewards.judging import context_of, judge
from whet.training.run import Run
from whet.types import Group, Request


@dataclass(frozen=True, slots=True)
class Court:
    """A sampler in a world, and the judge of one step."""

    sampler: Sampler
    environment: Environment
    reward: Judge | None
    step: int = 0  # rewards that change as training goes on are those of this step

    @classmethod
    def of(cls, run: Run, sampler: Sampler, number: int) -> "Court":
        """That of step `number`."""
        return cls(sampler, run.environment, run.reward, number)

    async def play(self, request: Request) -> Group:
        """Nobody has judged it yet."""
        return await self.sampler.play(self.environment, request)

    async def judged(self, group: Group) -> Group:
        """The same rollouts with the judge's verdicts, whoever wrote them."""
        return await judge(group, self.reward, context_of(self.step, self.play))

    async def episode(self, request: Request) -> Group:
        """Play and judge."""
        return await self.judged(await self.play(request))
