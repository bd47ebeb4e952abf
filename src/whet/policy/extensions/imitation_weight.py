"""RED: an adaptive weight of the imitation term."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from torch import Tensor

from whet.policy.corrections import ConstantWeight
from whet.policy.domains import Domain, check
from whet.policy.objective import Objective, Term
from whet.policy.selections import External
from whet.protocols.algorithm import Algorithm, Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Mean, Metrics, Need, TrainBatch

_MOST = Domain(lambda x: 1 <= x < inf, "give a finite number of 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImitationWeight(Companion):
    """An adaptive weight of the imitation loss (RED, arXiv:2508.16677, unconfirmed).

    w = clip(ΔH_external / ΔH_own, 1, most) · most^(1 − 2 accuracy)

    ΔH is the absolute change of mean entropy, of external and of own tokens, since the step before.
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.ENTROPY, Need.CORRECTNESS})

    most: float = 5.0

    def __post_init__(self) -> None:
        check(self, most=_MOST)

    def weight(self, foreign: float, own: float, accuracy: float) -> float:
        """The weight w. If the entropy of own tokens did not change, the ratio is `most`."""
        share = foreign / own if own else self.most
        return min(max(share, 1.0), self.most) * self.most ** (1 - 2 * accuracy)

    async def open(self, setup: SetupContext) -> "LiveImitationWeight":
        del setup
        return LiveImitationWeight(self)


@dataclass(slots=True)
class LiveImitationWeight(Extension):
    """The mean entropies of the last step, and the weight that they give the next step."""

    settings: ImitationWeight
    weight: float = 1.0
    before: tuple[float, float] | None = None  # mean entropies (external tokens, own tokens)

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """Set the weight of the terms on external tokens."""
        del context, groups
        if not isinstance(objective, Objective):
            return objective
        return replace(objective, extra=tuple(map(self._weighed, objective.extra)))

    def _weighed(self, term: Term) -> Term:
        if term.on != External():
            return term
        held = [c for c in term.corrections if not isinstance(c, ConstantWeight)]
        return replace(term, corrections=(*held, ConstantWeight(factor=self.weight)))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Compute the weight of the next step's imitation terms."""
        del context, batch
        if inputs.entropy is None or inputs.external is None or inputs.correct is None:
            raise ValueError(
                "ImitationWeight needs inputs.entropy, inputs.external and inputs.correct"
            )
        now = _mean(inputs.entropy[inputs.external]), _mean(inputs.entropy[~inputs.external])
        if self.before is not None:
            moved = [abs(a - b) for a, b in zip(now, self.before, strict=True)]
            accuracy = _mean(inputs.correct.double())
            self.weight = self.settings.weight(moved[0], moved[1], accuracy)
        self.before = now
        return {"imitation_weight": Mean(total=self.weight, count=1)}

    def state_dict(self) -> dict[str, Any]:
        return {"weight": self.weight, "before": self.before}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.weight, self.before = state["weight"], state["before"]


def _mean(x: Tensor) -> float:
    return x.mean().item() if len(x) else 0.0
