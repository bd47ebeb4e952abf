"""STaR: who could not solve a task is told the answer, and explains it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.policy.companions import Rationalised
from whet.training.companions.asking import at_once
from whet.training.companions.demonstrations import right
from whet.training.stage import Stage
from whet.types import Group, Prompt, Request, Rollout, Task


@dataclass(slots=True)
class LiveRationalised:
    """A right explanation joins its group, under the question without the answer."""

    value: Rationalised

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """As many are asked for as a group has rollouts."""
        unsolved = [i for i, group in enumerate(groups) if not right(group)]
        requests = [self._request(stage, groups[i]) for i in unsolved]
        found = dict(zip(unsolved, await at_once(stage, requests), strict=True))
        return [
            (*group, *(self._bare(stage, group[0].task, r) for r in found.get(i, ()) if _good(r)))
            for i, group in enumerate(groups)
        ]

    def _request(self, stage: Stage, group: Group) -> Request:
        task = group[0].task
        return Request(
            task=replace(task, prompt=self._hinted(task)),
            seeds=stage.seeds("rationalised", task, len(group)),
            decoding=stage.run.decoding,
        )

    def _hinted(self, task: Task) -> Prompt:
        """In a chat, the last message has the hint."""
        if isinstance(task.prompt, str):
            return self.value.prompt(task.prompt, task.answer)
        *before, last = task.prompt
        said = self.value.prompt(last["content"], task.answer)
        return (*before, {**last, "content": said})

    def _bare(self, stage: Stage, task: Task, rollout: Rollout) -> Rollout:
        return replace(stage.learner.imitate(task, rollout.reply), verdict=rollout.verdict)


def _good(rollout: Rollout) -> bool:
    return rollout.verdict is not None and bool(rollout.verdict.correct)
