"""Replies that others begin: hints, prefixes, and how much of them is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from whet.policy.companions import Hints
from whet.training.companions.asking import at_once
from whet.training.companions.demonstrations import shown
from whet.training.stage import Stage
from whet.types import Group, Request, Task


def beginning(stage: Stage, task: Task, share: float) -> tuple[int, ...]:
    """The first tokens of a demonstration, never all of them; none where nobody can show it."""
    demo = shown(stage, task)
    if demo is None:
        return ()
    chosen = [t for t, mine in zip(demo.tokens, demo.chosen, strict=True) if mine]
    return tuple(chosen[: min(round(share * len(chosen)), len(chosen) - 1)])


@dataclass(slots=True)
class LiveHints:
    """A whole group begins alike; or one more rollout, or several, join it with a beginning."""

    value: Hints

    def plan(self, stage: Stage, requests: Sequence[Request]) -> Sequence[Request]:
        """Let every reply of a group begin with the same hint, if all are to have one."""
        if self.value.rollouts:
            return requests
        return [replace(r, prefix=self._drawn(stage, r.task)) for r in requests]

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Else play so many more with a hint."""
        count = self.value.rollouts
        if not count:
            return groups
        requests = [
            Request(
                task=group[0].task,
                seeds=stage.seeds("hint", group[0].task, count),
                decoding=stage.run.decoding,
                prefix=self._drawn(stage, group[0].task),
            )
            for group in groups
        ]
        more = await at_once(stage, requests)
        return [(*group, *mine) for group, mine in zip(groups, more, strict=True)]

    def _drawn(self, stage: Stage, task: Task) -> tuple[int, ...]:
        dice = Random(repr(("hint", stage.run.seed, stage.number, task.id)))
        return beginning(stage, task, self.value.drawn(stage.number, dice))
