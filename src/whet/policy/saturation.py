"""Tokens whose log-ratio is beyond the range of its exponential."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy import arithmetic
from whet.types import Batch


def saturated(learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
    """True where x = log π_θ − log π is beyond the bound of a ratio or a price of x.

    π is the proximal policy, and the reference where the batch has one.
    """
    found = torch.zeros_like(batch.row, dtype=torch.bool)
    for logp in (batch.proximal_logp, batch.reference_logp):
        if logp is not None:
            found = found | arithmetic.saturated(learner_logp - logp)
    return found
