"""RED: how much imitation counts, by what it does to the entropy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from whet.policy.companions import Recall
from whet.policy.corrections import Constant
from whet.policy.objective import Objective, Term
from whet.policy.selections import External
from whet.protocols.algorithm import Algorithm
from whet.training.assemble import Share
from whet.training.stage import Stage
from whet.types import Group, Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveRecall:
    """Entropies of the last step, and the weight that they led to: it holds for the next step."""

    value: Recall
    weight: float = 1.0
    before: tuple[float, float] | None = None  # of others' tokens, of own ones

    def adjust(self, stage: Stage, algorithm: Algorithm, groups: Sequence[Group]) -> Algorithm:
        """Weigh the terms about others' tokens."""
        del stage, groups
        if not isinstance(algorithm, Objective):
            return algorithm
        return replace(algorithm, extra=tuple(map(self._weighed, algorithm.extra)))

    def _weighed(self, term: Term) -> Term:
        if term.on != External():
            return term
        held = [c for c in term.corrections if not isinstance(c, Constant)]
        return replace(term, corrections=(*held, Constant(factor=self.weight)))

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """Nothing new; but the entropies are read here."""
        del rollouts
        if scores.entropy is None or scores.external is None or scores.correct is None:
            raise ValueError("Recall needs entropies, and who chose each token")
        now = _mean(scores.entropy[scores.external]), _mean(scores.entropy[~scores.external])
        if self.before is not None:
            moved = [abs(a - b) for a, b in zip(now, self.before, strict=True)]
            accuracy = _mean(scores.correct.double())
            self.weight = self.value.weight(moved[0], moved[1], accuracy)
        self.before = now
        return scores

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Tell what the next step's imitation weighs."""
        del stage, share, scores
        return {"imitation_weight": Mean(total=self.weight, count=1)}

    def state(self) -> dict[str, Any]:
        """Weight and entropies."""
        return {"weight": self.weight, "before": self.before}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.weight, self.before = state["weight"], state["before"]


def _mean(x: Tensor) -> float:
    return x.mean().item() if len(x) else 0.0
