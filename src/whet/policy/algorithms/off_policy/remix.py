"""ReMix: Reincarnating Mix-policy Proximal Policy Gradient (arXiv:2507.06892, unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import log_ratio
from whet.policy.clipping import Unclipped
from whet.policy.domains import BOUND, check
from whet.policy.extensions.convex_kl import ConvexKL
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.objective import Objective
from whet.policy.regularisers import ConvexK3
from whet.protocols.algorithm import Bounded, Ratio
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioAroundShift(Bounded, Ratio):
    """The ratio to the sampling policy, clipped around its value at the start of the update.

    r = π_θ / μ,  shift = π_prox / μ;   r ≤ shift + ε where Â > 0,  r ≥ shift − ε elsewhere
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROXIMAL})

    clip: float

    def __post_init__(self) -> None:
        check(self, clip=BOUND)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        ratio = log_ratio(learner_logp, batch.behaviour_logp).exp()
        shift = log_ratio(batch.proximal_logp, batch.behaviour_logp).exp()
        rises, falls = ratio.minimum(shift + self.clip), ratio.maximum(shift - self.clip)
        return torch.where(batch.advantage > 0, rises, falls)


def remix(*, clip: float = 0.2, beta: float = 0.04, share: float = 0.4) -> Objective:
    """PPO with batches of past policies, and a KL penalty to the reference and the last policy.

    The β is GRPO's. Several updates on the same batch (the paper: 2) are a setting of the run.
    """
    return Objective(
        advantage=Standardised(),
        ratio=RatioAroundShift(clip=clip),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        regularisers=(ConvexK3(beta=beta),),
        companions=(PastBatches(share=share), ConvexKL()),
        why_not_reinforce="a token is weighted by the policy's drift since it was sampled",
    )
