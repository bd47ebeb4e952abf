"""ReMax's baseline: what the policy gets when it does what it thinks best."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from whet.policy.companions import Greedy
from whet.training.companions.asking import at_once
from whet.training.stage import Stage
from whet.types import Group, Request, Rollout, Scores


@dataclass(slots=True)
class LiveGreedy:
    """Of the tasks of this step, the greedy rollout's score."""

    value: Greedy
    earned: dict[str, float] = field(default_factory=dict)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Play every task once more; where the judge fails, the group's mean stands in."""
        how = replace(stage.run.decoding, temperature=0.0)
        requests = [Request(task=g[0].task, seeds=(0,), decoding=how) for g in groups]
        found = await at_once(stage, requests)
        self.earned = {
            group[0].task.id: score
            for group, greedy in zip(groups, found, strict=True)
            if (score := _first(greedy, group)) is not None
        }
        return groups

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """The baseline of every rollout."""
        baseline = [self.earned.get(r.task.id, 0.0) for r in rollouts]
        return replace(scores, baseline=torch.tensor(baseline, dtype=scores.reward.dtype))


def _first(greedy: Group, group: Group) -> float | None:
    known = [r.score for r in group if r.score is not None]
    middle = sum(known) / len(known) if known else None
    return middle if greedy[0].score is None else greedy[0].score
