"""Tokens whose log-ratio is beyond the range of its exponential."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.arithmetic import log_ratio
from whet.types import Batch


def saturated(learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
    """True where x = log π_θ − log π is out of the range that `log_ratio` keeps.

    π is the proximal policy, and the reference where the batch has one. There a ratio or a price
    of x is constant, so it has no gradient.
    """
    found = torch.zeros_like(batch.row, dtype=torch.bool)
    for logp in (batch.proximal_logp, batch.reference_logp):
        if logp is not None:
            found = found | (log_ratio(learner_logp, logp) != learner_logp - logp)
    return found
