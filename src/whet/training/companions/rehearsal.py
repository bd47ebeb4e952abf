"""DPH-RL: what was easy before any training is rehearsed, and not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from whet.policy.companions import Rehearsal
from whet.training.companions.asking import at_once
from whet.training.companions.demonstrations import right
from whet.training.companions.plain import as_plain, from_plain, remembered
from whet.training.stage import Stage
from whet.types import Group, Request, Rollout


@dataclass(slots=True)
class LiveRehearsal:
    """Right replies of π₀ by task; None before they were collected."""

    value: Rehearsal
    solved: dict[str, list[Rollout]] | None = None

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Groups of solved tasks make way for rehearsals, a share of the batch."""
        if self.solved is None:
            self.solved = await self._collected(stage)
        hard = [group for group in groups if group[0].task.id not in self.solved]
        if not self.solved:
            return hard
        wanted = max(1, round(len(groups) * self.value.share))
        dice = Random(repr(("rehearsal", stage.run.seed, stage.number)))
        tasks = dice.sample(sorted(self.solved), min(wanted, len(self.solved)))
        return [*hard, *(tuple(self.solved[task]) for task in tasks)]

    async def _collected(self, stage: Stage) -> dict[str, list[Rollout]]:
        """Play what the schedule will ask for in the first steps, while the policy is still π₀."""
        run, tasks = stage.run, {}
        for number in range(self.value.ahead):
            plan = run.schedule(run.corpus, stage.number + number, run.seed)
            tasks |= {request.task.id: request.task for request in plan}
        requests = [
            Request(
                task=task,
                seeds=stage.seeds("rehearsal", task, self.value.tried),
                decoding=run.decoding,
            )
            for task in tasks.values()
        ]
        return {
            group[0].task.id: [_stale(r) for r in group if r.verdict and r.verdict.correct]
            for group in await at_once(stage, requests)
            if self.value.solved(right(group))
        }

    def state(self) -> dict[str, Any]:
        """All of them."""
        if self.solved is None:
            return {"solved": None}
        return {"solved": {task: [as_plain(r) for r in rows] for task, rows in self.solved.items()}}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        held = state["solved"]
        self.solved = (
            None
            if held is None
            else {task: [from_plain(r) for r in rows] for task, rows in held.items()}
        )


def _stale(rollout: Rollout) -> Rollout:
    """From the first step on it counts as another's, though the weights are still the same."""
    return replace(remembered(rollout), given=rollout.length)
