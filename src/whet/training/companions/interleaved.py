"""ReLIFT: what nobody solves is kept with a demonstration, until there is enough for a lesson."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.policy.companions import Interleaved
from whet.training.assemble import Share, assemble
from whet.training.companions.demonstrations import right, shown
from whet.training.companions.plain import as_plain, from_plain
from whet.training.stage import Stage
from whet.types import Group, Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveInterleaved:
    """The buffer of demonstrations."""

    value: Interleaved
    buffer: list[Rollout] = field(default_factory=list)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Keep a demonstration of every task that nobody solved."""
        unsolved = [group[0].task for group in groups if self.value.keeps(right(group))]
        found = (shown(stage, task) for task in unsolved)
        self.buffer.extend(demo for demo in found if demo is not None)
        return groups

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """The algorithm's own step on a full buffer, which is empty then."""
        del share, scores
        waiting, objective = len(self.buffer), stage.run.objective
        if self.value.full(waiting):
            lesson = assemble([(demo,) for demo in self.buffer], objective, stage.learner)
            stage.learner.step(objective, *lesson, stage.rate * self.value.rate)
            self.buffer = []
        return {"buffered": Mean(total=waiting, count=1)}

    def state(self) -> dict[str, Any]:
        """The buffer."""
        return {"buffer": [as_plain(demo) for demo in self.buffer]}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.buffer = [from_plain(held) for held in state["buffer"]]
