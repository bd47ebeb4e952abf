"""BREAD: where nobody succeeds, begin where success is in reach."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from whet.policy.companions import Branches
from whet.training.companions.demonstrations import right
from whet.training.companions.hints import beginning
from whet.training.stage import Stage
from whet.types import Group, Request


async def shortest(value: Branches, succeeds: Callable[[int], Awaitable[bool]]) -> int:
    """The least number of parts that succeeds, by bisection; all where none is known to."""
    failing, leading = 0, value.parts
    while (middle := value.between(failing, leading)) is not None:
        if await succeeds(middle):
            leading = middle
        else:
            failing = middle
    return leading


@dataclass(slots=True)
class LiveBranches:
    """A group that nobody solved is played again from a demonstration's shortest useful part."""

    value: Branches

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Group by group, for each probe depends on the one before."""
        return [group if right(group) else await self._again(stage, group) for group in groups]

    async def _again(self, stage: Stage, group: Group) -> Group:
        task, parts = group[0].task, self.value.parts

        async def played(part: int, name: str, count: int) -> Group:
            prefix = beginning(stage, task, part / parts)
            seeds = stage.seeds(f"{name} {part}", task, count)
            how = stage.run.decoding
            return await stage.episode(Request(task=task, seeds=seeds, decoding=how, prefix=prefix))

        async def succeeds(part: int) -> bool:
            return right(await played(part, "branch", self.value.tries)) > 0

        if stage.demonstrate(task) is None:
            return group
        return await played(await shortest(self.value, succeeds), "branched", len(group))
