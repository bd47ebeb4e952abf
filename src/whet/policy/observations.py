"""A sum over observation tokens: what the environment answered, as the policy predicts it."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Imitation
from whet.policy.domains import AT_LEAST_0, check
from whet.policy.objective import Term
from whet.policy.ratios import LogLikelihood
from whet.protocols.algorithm import (
    Aggregation,
    Clipping,
    Correction,
    Ratio,
    Regulariser,
    Selection,
)
from whet.types import Batch, Mean, Metrics, Need, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationLikelihood(Term):
    """ECHO (arXiv:2605.24517): the policy predicts the environment's answers. α Σ_o w_o log π_θ(o).

    o are the observation tokens: those of a rollout that were not sampled, between its first and
    its last sampled token.  The opening is no observation, and forced tokens are none.  The default
    w_o = 1 / (B' |o_i|) is the mean over the B' rollouts with an observation of the mean over the
    observation tokens of a rollout.  These counts are of observation tokens alone, so w_n of the
    sampled tokens stays.  A token that leaves of a tree share weighs as the objective's `sharing`
    says: by default it counts once.

    log π_θ is that of the sampling temperature, without truncation, as for sampled tokens.
    """

    coefficient: float = 0.05  # α
    aggregation: Aggregation = SequenceMean()
    ratio: Ratio = field(default=LogLikelihood(), init=False)
    clipping: Clipping = field(default=Imitation(), init=False)
    corrections: tuple[Correction, ...] = field(default=(), init=False)
    regularisers: tuple[Regulariser, ...] = field(default=(), init=False)
    on: Selection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        check(self, coefficient=AT_LEAST_0)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where the coefficient is 0, or where no reply is followed by an observation."""
        if not self.coefficient:
            return "ObservationLikelihood has no effect: its coefficient is 0; give more than 0"
        if spec.several_turns:
            return ""
        return (
            "ObservationLikelihood has no effect: the environment has one turn, so nothing is "
            "observed after a reply; choose an environment of several turns, or another algorithm"
        )

    def gain(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        """The term's part of J(θ), of a batch or of a slice; exactly 0 without observations."""
        del learner_logp
        seen = observed(batch)
        return self.coefficient * Term.gain(self, predicted(seen), seen)

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Rollouts with an observation, whatever their advantage."""
        if not self.coefficient:
            return torch.zeros_like(batch.group, dtype=torch.bool)
        return Term.has_gradient(self, observed(batch))

    def metrics(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Metrics:
        """−log π_θ of the observation tokens, by their weights in a tree."""
        del learner_logp
        seen = observed(batch)
        weight = seen.weight.double()
        nll = -(weight * predicted(seen).detach()).sum().item()
        return {"observed_nll": Mean(total=nll, count=weight.sum().item())}

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({Need.OBSERVED}) | self.aggregation.needs


def observed(batch: Batch) -> Batch:
    """The observation tokens of a batch. Raises `ValueError` if it has no such column."""
    if batch.observed is None:
        raise ValueError("ObservationLikelihood needs batch.observed: declare Need.OBSERVED")
    return batch.observed


def predicted(seen: Batch) -> Float[Tensor, " M"]:
    """Log π_θ of the observation tokens. Raises `ValueError` if the learner did not compute it."""
    if seen.learner_logp is None:
        raise ValueError(
            "ObservationLikelihood needs batch.observed.learner_logp: take an engine with a "
            "learner that computes it"
        )
    return seen.learner_logp
