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
from whet.policy.objective import Objective
from whet.protocols.algorithm import Bounded, Ratio
from whet.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class FlippedWeight(Bounded, Ratio):
    """Good tokens weigh the more, the less they are reinforced yet.  r_n = sg[w_n] log π_θ(n).

    w = min(1/ρ where Â > 0, ρ elsewhere, cap),  ρ = π_θ / π_prox;  w = 0 where PPO's clip is.
    """

    why_unclippable: ClassVar[str] = "a weight that is bounded already; take clipping Unclipped"

    low: float = 0.2
    high: float = 0.28
    cap: float = 3.0

    def weight(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        """What the gradient of each token is multiplied by."""
        moved = log_ratio(learner_logp.detach(), batch.proximal_logp)
        good, rho = batch.advantage > 0, moved.exp()
        clipped = torch.where(good, rho > 1 + self.high, rho < 1 - self.low)
        flipped = torch.where(good, -moved, moved).exp().clamp(max=self.cap)
        return flipped.masked_fill(clipped, 0.0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.weight(learner_logp, batch) * learner_logp


def aspo(*, low: float = 0.2, high: float = 0.28, cap: float = 3.0) -> Objective:
    """Importance the right way round: a good token that has become less likely is pushed harder."""
    return Objective(
        advantage=Standardised(),
        ratio=FlippedWeight(low=low, high=high, cap=cap),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )
