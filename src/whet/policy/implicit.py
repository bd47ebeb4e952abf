"""PRIME's reward model: a classifier of replies with logit Σ_t r_t (arXiv:2502.01456)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from whet.policy.advantages import SignedCorrectness
from whet.policy.aggregation import SequenceMean
from whet.policy.arithmetic import sum_within
from whet.policy.domains import POSITIVE, check
from whet.policy.objective import Objective
from whet.protocols.algorithm import Clipping, Ratio
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Ratio):
    """The logit of a rollout, at each of its tokens. Σ_t r_t = β Σ_t (log π_φ − log π_ref)(t)."""

    needs = frozenset({Need.REFERENCE})
    why_sequence_level: ClassVar[str] = (
        "its ratio is one number per rollout, so credit within it is lost"
    )

    beta: float

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        if batch.reference_logp is None:
            raise ValueError("Evidence needs batch.reference_logp: give a reference policy")
        return self.beta * sum_within(learner_logp - batch.reference_logp, batch.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSigmoid(Clipping):
    """Cross-entropy of σ(r) with the label. f = log σ(Â r), Â = ±1."""

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        return logsigmoid(advantage * ratio)


def outcome_classifier(*, beta: float) -> Objective:
    """−mean_i log σ(±β Σ_t (log π_φ − log π_ref)(t)), + where rollout i is correct."""
    return Objective(
        advantage=SignedCorrectness(),
        ratio=Evidence(beta=beta),
        clipping=LogSigmoid(),
        aggregation=SequenceMean(),
        why_not_reinforce="the loss is that of a classifier",
    )
