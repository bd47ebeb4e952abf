"""CPGD: Clipped Policy Gradient with Drift (arXiv:2505.12504; α, c and ε unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred
from whet.policy.aggregation import GroupTokenMean
from whet.policy.arithmetic import centred_within, log_ratio, places, sum_within
from whet.policy.clipping import LogClipped
from whet.policy.domains import AT_LEAST_0, CAP, check
from whet.policy.objective import Objective
from whet.policy.ratios import LogRatio
from whet.protocols.algorithm import Advantage, Bounded, Regulariser
from whet.types import AdvantageInputs, Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescued(Advantage):
    """The centred reward, scaled up where few groups have different rewards.

    Â_n = min(most, G / G_mixed) (R_i − mean(R))
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    most: float = 2.0

    def __post_init__(self) -> None:
        check(self, most=CAP)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        apart = centred_within(inputs.reward, inputs.group, inputs.rollout_weight)
        mixed = sum_within(apart.abs(), inputs.group) > 0
        first = places(inputs.group).turn == 0
        share = first.sum() / mixed[first].sum().clamp(min=1)
        return (share.clamp(max=self.most) * apart)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Bounded, Regulariser):
    """The bounded gradient of KL(π_prox‖π_θ). k_n = α sg[min(r − 1, most)] log π_θ(n).

    The bound is on the factor of the gradient. A bound on the estimator would have no gradient
    beyond it.
    """

    silences: ClassVar[bool] = False

    alpha: float
    most: float

    def __post_init__(self) -> None:
        check(self, alpha=AT_LEAST_0, most=CAP)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        moved = log_ratio(learner_logp.detach(), batch.proximal_logp).expm1()
        return self.alpha * moved.clamp(max=self.most) * learner_logp


def cpgd(*, clip: float = 0.2, alpha: float = 0.1, most: float = 0.5) -> Objective:
    """REINFORCE on the clipped log-ratio, with a penalty for leaving the policy before the update.

    α, the bound and the clip are the oracle's; the paper's text that was read prints none.
    """
    return Objective(
        advantage=Centred(),
        ratio=LogRatio(),
        clipping=LogClipped(low=clip, high=clip),
        aggregation=GroupTokenMean(),
        regularisers=(Drift(alpha=alpha, most=most),),
    )
