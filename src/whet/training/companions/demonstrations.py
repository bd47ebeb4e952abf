"""Demonstrations that join a group, or take its place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.policy.companions import Demonstrations, Fallback
from whet.training.stage import Stage
from whet.types import Group, Rollout, Task, Verdict


def shown(stage: Stage, task: Task) -> Rollout | None:
    """A demonstration of a task, judged right; None where nobody can show it."""
    reply = stage.demonstrate(task)
    if reply is None:
        return None
    return replace(stage.learner.imitate(task, reply), verdict=Verdict.binary(correct=True))


def right(group: Group) -> int:
    """How many rollouts of a group are right."""
    return sum(r.verdict is not None and bool(r.verdict.correct) for r in group)


@dataclass(slots=True)
class LiveDemonstrations:
    """The group, and `count` demonstrations of its task."""

    value: Demonstrations

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """A task that nobody can show stays as it is."""
        found = (shown(stage, group[0].task) for group in groups)
        return [
            (*group, *[demo] * self.value.count) if demo else group
            for group, demo in zip(groups, found, strict=True)
        ]


@dataclass(slots=True)
class LiveFallback:
    """A demonstration instead of a group that hardly succeeds."""

    value: Fallback

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Group by group."""
        return [self._instead(stage, group) for group in groups]

    def _instead(self, stage: Stage, group: Group) -> Group:
        demo = shown(stage, group[0].task) if self.value.falls(right(group)) else None
        return group if demo is None else (demo,)
