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
    """What is praised counts fully, what is blamed as far as the policy would still say it.

    r_n = w log π_θ(n),   w = 1 where Â ≥ 0,  sg[min(π_θ(y)/μ(y), 1)] elsewhere
    """

    why_unclippable: ClassVar[str] = "a log-likelihood, no ratio around 1; take clipping Unclipped"

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        moved = sum_within(learner_logp.detach() - batch.behaviour_logp, batch.row)
        blamed = moved.clamp(max=0.0).exp()
        return torch.where(batch.advantage < 0, blamed, 1.0) * learner_logp


def topr(*, baseline: float = 0.0) -> Objective:
    """REINFORCE for replies of any origin: right ones are imitated, wrong ones fade as they go.

    Rewards are ±1 by `correct`; `baseline` moves the share of what is praised.
    """
    return Objective(
        advantage=SignedCorrectness(baseline=baseline),
        ratio=Tapered(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        why_not_reinforce="wrong replies weigh less the less likely they are",
    )
