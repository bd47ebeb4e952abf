"""A tracked success rate per prompt, as its baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch

from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, Rollout, TrainBatch
from whet.types.saved_rollouts import as_plain, from_plain, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker(Companion):
    """A success rate per prompt, v = α / (α + β), kept over the run (SPO, arXiv:2509.13232).

    ρ = clip(2^(−D/half), least, most),  D = mean |log π − log π at the last visit|
    α ← ρ α + R,  β ← ρ β + 1 − R

    A new prompt starts with the count 1/(1 − least), half of it successes.
    """

    remembers: ClassVar[bool] = True

    provides = frozenset({Need.BASELINE})

    half: float = 0.06
    least: float = 0.875
    most: float = 0.96
    explore: float = 0.05

    @property
    def count(self) -> float:
        """N₀ = 1/(1 − least), the count of a new prompt."""
        return 1 / (1 - self.least)

    def start(self, right: int = 0, tried: int = 0) -> tuple[float, float]:
        """(α, β) after `right` of `tried` samples were correct.

        α = N₀ (right + ½) / (tried + 1), β = N₀ − α.
        """
        share = (right + 0.5) / (tried + 1)
        return self.count * share, self.count * (1 - share)

    def memory(self, drift: float) -> float:
        """The decay ρ of the counts at drift D."""
        return min(max(2 ** (-drift / self.half), self.least), self.most)

    def weight(self, value: float) -> float:
        """Sampling weight of a prompt with success rate v: √(v (1 − v)) + explore."""
        return (value * (1 - value)) ** 0.5 + self.explore

    def after(
        self, counts: tuple[float, float], reward: float, drift: float
    ) -> tuple[float, float]:
        """(α, β) after one more reward in [0, 1]."""
        kept = self.memory(drift)
        return kept * counts[0] + reward, kept * counts[1] + 1 - reward

    async def open(self, setup: SetupContext) -> "LiveTracker":
        del setup
        return LiveTracker(self)


@dataclass(slots=True)
class LiveTracker(Extension):
    """Counts (α, β) per task, and its last rollout, from which the drift D is computed."""

    settings: Tracker
    counts: dict[str, tuple[float, float]] = field(default_factory=dict)
    last: dict[str, Rollout] = field(default_factory=dict)

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in v of every rollout's prompt, before this step's rewards."""
        del context
        known = (self.counts.get(r.task.id, self.settings.start()) for r in rollouts)
        rates = [a / (a + b) for a, b in known]
        return replace(inputs, baseline=torch.tensor(rates, dtype=inputs.reward.dtype))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Add this step's rewards; older counts decay with the drift D of the policy."""
        drifts = await self._drifts(context, batch.rollouts)
        for rollout, reward in zip(batch.rollouts, inputs.reward.tolist(), strict=True):
            task, reward = rollout.task.id, min(max(reward, 0.0), 1.0)
            before = self.counts.get(task, self.settings.start())
            self.counts[task] = self.settings.after(before, reward, drifts[task])
            drifts[task] = 0.0  # counts decay once per visit, at its first rollout
            self.last[task] = remembered(rollout)
        return {"tracked": Mean(total=len(self.counts), count=1)}

    async def _drifts(self, context: StepContext, rollouts: Sequence[Rollout]) -> dict[str, float]:
        """D per task: mean |log π − log π at the last visit| over the reply of that visit."""
        drifts = dict.fromkeys((r.task.id for r in rollouts), 0.0)
        seen = [self.last[task] for task in drifts if task in self.last and self.last[task].length]
        now = await context.learner.logp(seen)
        for rollout, logp in zip(seen, now.split([r.length for r in seen]), strict=True):
            apart = (logp - torch.tensor(rollout.behaviour_logp)).abs()
            drifts[rollout.task.id] = apart.mean().item()
        return drifts

    def state_dict(self) -> dict[str, Any]:
        last = {task: as_plain(rollout) for task, rollout in self.last.items()}
        return {"counts": dict(self.counts), "last": last}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.counts = {task: (a, b) for task, (a, b) in state["counts"].items()}
        self.last = {task: from_plain(held) for task, held in state["last"].items()}
