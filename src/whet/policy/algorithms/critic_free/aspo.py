"""ASPO: Asymmetric importance Sampling Policy Optimization (arXiv:2510.06062)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import log_ratio
from whet.policy.clipping import Unclipped
from whet.policy.domains import BOUND, CAP, check
from whet.policy.objective import Objective
from whet.protocols.algorithm import Bounded, Ratio
from whet.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class FlippedWeight(Bounded, Ratio):
    """The importance ratio, inverted where the advantage is positive. r_n = sg[w_n] log π_θ(n).

    w = min(1/ρ where Â > 0, ρ elsewhere, cap),  ρ = π_θ / π_prox;  w = 0 where PPO's clip acts

    So a token with Â > 0 weighs more, the less likely it has become.
    """

    why_unclippable: ClassVar[str] = "its weight is bounded already; take clipping Unclipped"

    low: float = 0.2
    high: float = 0.28
    cap: float = 3.0

    def __post_init__(self) -> None:
        check(self, low=BOUND, high=BOUND, cap=CAP)

    def weight(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        """The detached factor w on each token's gradient."""
        moved = log_ratio(learner_logp.detach(), batch.proximal_logp)
        good, rho = batch.advantage > 0, moved.exp()
        clipped = torch.where(good, rho > 1 + self.high, rho < 1 - self.low)
        flipped = torch.where(good, -moved, moved).exp().clamp(max=self.cap)
        return flipped.masked_fill(clipped, 0.0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.weight(learner_logp, batch) * learner_logp


def aspo(*, low: float = 0.2, high: float = 0.28, cap: float = 3.0) -> Objective:
    """GRPO with inverted importance weights on tokens with a positive advantage."""
    return Objective(
        advantage=Standardised(),
        ratio=FlippedWeight(low=low, high=high, cap=cap),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )
