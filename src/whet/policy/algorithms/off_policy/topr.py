"""TOPR: Tapered Off-Policy REINFORCE (arXiv:2503.14286; read in secondary notes, unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import SignedCorrectness
from whet.policy.aggregation import SequenceSum
from whet.policy.arithmetic import sum_within
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.protocols.algorithm import Ratio
from whet.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapered(Ratio):
    """Weight 1 for positive advantages, a truncated importance weight for negative ones.

    r_n = w log π_θ(n),   w = 1 where Â ≥ 0,  sg[min(π_θ(y)/μ(y), 1)] elsewhere
    """

    why_unclippable: ClassVar[str] = "it is a log-likelihood, not a ratio; take clipping Unclipped"

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        moved = sum_within(learner_logp.detach() - batch.behaviour_logp, batch.row)
        blamed = moved.clamp(max=0.0).exp()
        return torch.where(batch.advantage < 0, blamed, 1.0) * learner_logp


def topr(*, baseline: float = 0.0) -> Objective:
    """Off-policy REINFORCE with truncated importance weights on wrong replies only.

    Rewards are ±1 by `correct`. A `baseline` changes the balance of correct and wrong replies.
    """
    return Objective(
        advantage=SignedCorrectness(baseline=baseline),
        ratio=Tapered(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        why_not_reinforce="wrong replies are weighted by min(π_θ(y)/μ(y), 1)",
    )
