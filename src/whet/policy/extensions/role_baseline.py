"""RAE: a moving average of rewards per role as the baseline (SPIRAL, arXiv:2506.24119)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, Rollout, TrainBatch, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBaseline(Companion):
    """A baseline for each seat of each world. b ← keep · b + (1 − keep) · R, rollout by rollout.

    The baseline of a rollout is b before its own reward is added, so that it does not depend on it.
    Rollouts come in the order of the batch; b begins at 0.  `keep` is 0.95 in the released code.
    """

    provides = frozenset({Need.BASELINE})

    keep: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise UsageError(f"RoleBaseline.keep is {self.keep}; give a number in [0, 1)")

    def through(
        self, known: Mapping[str, float], played: Iterable[tuple[str, float]]
    ) -> tuple[list[float], dict[str, float]]:
        """The baseline of each reward (role, R) in turn, and the baselines behind the last one."""
        found: list[float] = []
        baselines = dict(known)
        for role, reward in played:
            before = baselines.get(role, 0.0)
            found.append(before)
            baselines[role] = self.keep * before + (1 - self.keep) * reward
        return found, baselines

    async def open(self, setup: SetupContext) -> "LiveRoleBaseline":
        del setup
        return LiveRoleBaseline(self, {})


@dataclass(slots=True)
class LiveRoleBaseline(Extension):
    """The current baselines by role."""

    settings: RoleBaseline
    baselines: dict[str, float]

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in the baseline of each rollout."""
        del context
        found, _ = self.settings.through(self.baselines, _played(rollouts, inputs))
        return replace(inputs, baseline=torch.tensor(found, dtype=inputs.reward.dtype))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Keep the baselines behind the last rollout of the batch."""
        del context
        used, self.baselines = self.settings.through(
            self.baselines, _played(batch.rollouts, inputs)
        )
        return {"baseline": Mean(total=sum(used), count=len(used))}

    def state_dict(self) -> dict[str, Any]:
        return {"baselines": dict(self.baselines)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.baselines = dict(state["baselines"])


def _played(rollouts: Sequence[Rollout], inputs: AdvantageInputs) -> list[tuple[str, float]]:
    """Role and reward of each rollout; a role is a seat of a world."""
    roles = [f"{rollout.task.info.get('world', '')}/{rollout.seat}" for rollout in rollouts]
    return list(zip(roles, inputs.reward.tolist(), strict=True))
