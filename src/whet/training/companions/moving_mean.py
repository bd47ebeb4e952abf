"""The mean reward of earlier batches, as everybody's baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from whet.policy.companions import MovingMean
from whet.training.assemble import Share
from whet.training.stage import Stage
from whet.types import Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveMovingMean:
    """One number, which a batch moves only after it was judged by it."""

    value: MovingMean
    baseline: float | None = None

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """The same for all."""
        del rollouts
        return replace(scores, baseline=torch.full_like(scores.reward, self._now))

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Move it."""
        del stage, share
        used = self._now
        if len(scores.reward):
            self.baseline = self.value.after(used, scores.reward.double().mean().item())
        return {"baseline": Mean(total=used, count=1)}

    @property
    def _now(self) -> float:
        return self.value.first if self.baseline is None else self.baseline

    def state(self) -> dict[str, Any]:
        """That number."""
        return {"baseline": self._now}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.baseline = state["baseline"]
