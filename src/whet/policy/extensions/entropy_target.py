"""Skywork-OR1: an entropy bonus with a coefficient that adapts to the entropy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whet.policy.domains import AT_LEAST_0, check
from whet.policy.extensions.adapted import adapted
from whet.policy.extensions.groups import by_policy
from whet.policy.regularisers import EntropyBonus
from whet.protocols.algorithm import Algorithm, Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Mean, Metrics, TrainBatch, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyTarget(Companion):
    """An adaptive coefficient of the entropy bonus (Skywork-OR1, arXiv:2505.22312).

    The bonus applies in steps with H ≤ target. After each step the coefficient rises by `delta` if
    H ≤ target and falls by it otherwise, within [least, most]. H is the mean entropy before the
    tokens that the policy sampled, in nats.

    `delta` is the paper's. Its released scripts have `delta` 0.0001 and `most` 0.005.
    `EntropyTemperature` changes the sampling instead of the loss.
    """

    adapts = (EntropyBonus,)

    target: float = 0.2
    delta: float = 0.005
    first: float = 0.0
    least: float = 0.0
    most: float = 1.0

    def __post_init__(self) -> None:
        check(
            self,
            target=AT_LEAST_0,
            delta=AT_LEAST_0,
            first=AT_LEAST_0,
            least=AT_LEAST_0,
            most=AT_LEAST_0,
        )

    def applied(self, coefficient: float, entropy: float) -> float:
        """The coefficient in a step of this entropy: 0 above the target."""
        return coefficient if entropy <= self.target else 0.0

    def after(self, coefficient: float, entropy: float) -> float:
        """The coefficient of the next step."""
        moved = coefficient + (self.delta if entropy <= self.target else -self.delta)
        return min(max(moved, self.least), self.most)

    async def open(self, setup: SetupContext) -> "LiveEntropyTarget":
        del setup
        return LiveEntropyTarget(self, self.first)


@dataclass(slots=True)
class LiveEntropyTarget(Extension):
    """The current coefficient, and the mean entropy of this step's rollouts."""

    settings: EntropyTarget
    coefficient: float
    entropy: float | None = None  # None: the policy sampled no token

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """The objective with the coefficient that applies to this step's entropy."""
        del context
        self.entropy = _entropy(groups)
        return adapted(objective, EntropyBonus, beta=self._applied)

    @property
    def _applied(self) -> float:
        return (
            0.0 if self.entropy is None else self.settings.applied(self.coefficient, self.entropy)
        )

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Update the coefficient; it stays after a step without sampled tokens."""
        del context, batch, inputs
        used = self._applied
        if self.entropy is not None:
            self.coefficient = self.settings.after(self.coefficient, self.entropy)
        return {"entropy_bonus": Mean(total=used, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {"coefficient": self.coefficient}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.coefficient = state["coefficient"]


def _entropy(groups: Sequence[Group]) -> float | None:
    """Mean entropy of the sampled tokens. Raises `UsageError` if the engine recorded none."""
    heard = []
    for rollout in (r for group in groups for r in group if r.length and by_policy(r)):
        if rollout.entropy is None:
            raise UsageError(
                f"EntropyTarget needs entropies, but task {rollout.task.id!r} has none; "
                "give an engine that records them, such as the embedded one"
            )
        heard.append(rollout.entropy[~rollout.external])
    return float(np.concatenate(heard).mean(dtype=np.float64)) if heard else None
