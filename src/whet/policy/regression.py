"""Regression of the policy's log-ratio to a reference on a target: no ratio of rewards, no clip."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.anchors import reference_logp
from whet.policy.arithmetic import sum_within
from whet.policy.domains import POSITIVE, check
from whet.protocols.algorithm import Clipping, Ratio
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency(Ratio):
    """The change of soft value that the policy implies for a reply.

    r = β Σ_t (log π_θ − log π_ref)(t) = Q_T − Q₀
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})
    why_sequence_level: ClassVar[str] = (
        "its ratio is one number per rollout, so credit within it is lost"
    )

    beta: float

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta * sum_within(learner_logp - reference_logp(batch), batch.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredError(Clipping):
    """Negative squared error of the implied value. f = −(r − Â)²."""

    unconditional: ClassVar[bool] = True  # the error may be large where Â = 0, too
    why_unweighted: ClassVar[str] = "it is fitted to the advantage"

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        return -((ratio - advantage) ** 2)
