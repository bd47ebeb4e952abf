"""Coefficients of the objective that move from step to step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from whet.policy.companions import ConvexKL, EntropyTarget
from whet.policy.objective import Objective
from whet.policy.regularisers import ConvexK3, EntropyBonus
from whet.protocols.algorithm import Algorithm
from whet.training.assemble import Share
from whet.training.stage import Stage
from whet.types import Group, Mean, Metrics, Scores


@dataclass(slots=True)
class LiveEntropyTarget:
    """The coefficient of the bonus, and the entropy that it is set by."""

    value: EntropyTarget
    coefficient: float | None = None
    entropy: float = 0.0

    def adjust(self, stage: Stage, algorithm: Algorithm, groups: Sequence[Group]) -> Algorithm:
        """Apply it where this step's rollouts are less random than the target."""
        del stage
        heard = [h for group in groups for r in group for h in r.entropy]
        self.entropy = sum(heard) / max(len(heard), 1)
        applied = self.value.applied(self._now, self.entropy)
        return _changed(algorithm, EntropyBonus, beta=applied)

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """The next step's coefficient."""
        del stage, share, scores
        used = self.value.applied(self._now, self.entropy)
        self.coefficient = self.value.after(self._now, self.entropy)
        return {"entropy_bonus": Mean(total=used, count=1)}

    @property
    def _now(self) -> float:
        return self.value.first if self.coefficient is None else self.coefficient

    def state(self) -> dict[str, Any]:
        """One number."""
        return {"coefficient": self._now}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.coefficient = state["coefficient"]


@dataclass(slots=True)
class LiveConvexKL:
    """λ is a function of the step alone: there is nothing to remember."""

    value: ConvexKL

    def adjust(self, stage: Stage, algorithm: Algorithm, groups: Sequence[Group]) -> Algorithm:
        """λ of this step."""
        del groups
        return _changed(algorithm, ConvexK3, share=self.value.share(stage.number))


def _changed(algorithm: Algorithm, kind: type, **fields: float) -> Algorithm:
    """The same objective, with other numbers in its regularisers of that kind."""
    if not isinstance(algorithm, Objective):
        return algorithm
    held = algorithm.regularisers
    moved = tuple(_replaced(r, fields) if isinstance(r, kind) else r for r in held)
    return replace(algorithm, regularisers=moved)


def _replaced(part: Any, fields: dict[str, float]) -> Any:
    return replace(part, **fields)
