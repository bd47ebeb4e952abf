"""A moving average of rewards as the baseline of all rollouts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from whet.policy.domains import FINITE, check
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, Rollout, TrainBatch, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingMean(Companion):
    """An exponential moving average of mean rewards. b ← keep · b + (1 − keep) · mean(R).

    The baseline of a batch is b before the batch is added to it.
    """

    provides = frozenset({Need.BASELINE})
    lags = True

    keep: float = 0.9
    first: float = 0.0

    def __post_init__(self) -> None:
        check(self, first=FINITE)
        if not 0 <= self.keep < 1:
            raise UsageError(f"MovingMean.keep is {self.keep}; give a number in [0, 1)")

    def after(self, baseline: float, mean: float) -> float:
        """The baseline of the next batch."""
        return self.keep * baseline + (1 - self.keep) * mean

    async def open(self, setup: SetupContext) -> "LiveMovingMean":
        del setup
        return LiveMovingMean(self, self.first)


@dataclass(slots=True)
class LiveMovingMean(Extension):
    """The current baseline b."""

    settings: MovingMean
    baseline: float

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in the same baseline for all rollouts."""
        del context, rollouts
        return replace(inputs, baseline=torch.full_like(inputs.reward, self.baseline))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Update the baseline, unless the batch is empty."""
        del context, batch
        used = self.baseline
        if len(inputs.reward):
            self.baseline = self.settings.after(used, inputs.reward.double().mean().item())
        return {"baseline": Mean(total=used, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {"baseline": self.baseline}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.baseline = state["baseline"]
