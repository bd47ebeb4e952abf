"""A success rate for every prompt, remembered from visit to visit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from whet.policy.companions import Tracker
from whet.training.assemble import Share
from whet.training.companions.plain import as_plain, from_plain
from whet.training.stage import Stage
from whet.types import Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveTracker:
    """Counts (α, β) per task, and the last rollout of each, by which drift is measured."""

    value: Tracker
    counts: dict[str, tuple[float, float]] = field(default_factory=dict)
    last: dict[str, Rollout] = field(default_factory=dict)

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """V of every rollout's prompt, before this step's rewards."""
        known = (self.counts.get(r.task.id, self.value.start()) for r in rollouts)
        rates = [a / (a + b) for a, b in known]
        return replace(scores, baseline=torch.tensor(rates, dtype=scores.reward.dtype))

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Count this step's rewards; what the policy has moved since makes old counts fade."""
        rollouts, _ = share
        drifts = self._drifts(stage, rollouts)
        for rollout, reward in zip(rollouts, scores.reward.tolist(), strict=True):
            task = rollout.task.id
            before = self.counts.get(task, self.value.start())
            self.counts[task] = self.value.after(before, min(max(reward, 0.0), 1.0), drifts[task])
            drifts[task] = 0.0  # of several rollouts of a visit, only the first has old counts
            self.last[task] = rollout
        return {"tracked": Mean(total=len(self.counts), count=1)}

    def _drifts(self, stage: Stage, rollouts: Sequence[Rollout]) -> dict[str, float]:
        """D per task: mean |log π − log π at the last visit|, on the reply of that visit."""
        drifts = dict.fromkeys((r.task.id for r in rollouts), 0.0)
        seen = [self.last[task] for task in drifts if task in self.last and self.last[task].length]
        now = stage.learner.logp(seen)
        for rollout, logp in zip(seen, now.split([r.length for r in seen]), strict=True):
            apart = (logp - torch.tensor(rollout.behaviour_logp)).abs()
            drifts[rollout.task.id] = apart.mean().item()
        return drifts

    def state(self) -> dict[str, Any]:
        """Counts and last rollouts."""
        last = {task: as_plain(rollout) for task, rollout in self.last.items()}
        return {"counts": {k: list(v) for k, v in self.counts.items()}, "last": last}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.counts = {task: (a, b) for task, (a, b) in state["counts"].items()}
        self.last = {task: from_plain(held) for task, held in state["last"].items()}
