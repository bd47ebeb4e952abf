"""Regularisers: what the policy pays for leaving its reference.  k(π_θ, π_ref), one per token.

x = log π_θ − log π_ref, on tokens sampled from π.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import log_ratio
from whet.types import Batch, Need


def _reference_logp(batch: Batch) -> Float[Tensor, " N"]:
    if batch.reference_logp is None:
        raise ValueError("this regulariser needs batch.reference_logp: give a reference policy")
    return batch.reference_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class K2:
    """Schulman 2020 (unconfirmed).  k = β x² / 2; its gradient is that of KL(π_θ‖π_ref)."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta / 2 * log_ratio(learner_logp, _reference_logp(batch)) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class K3:
    """Schulman 2020 (unconfirmed), as in GRPO.  k = β (e^{−x} − 1 + x).

    Its value estimates KL(π_θ‖π_ref); its gradient is that of KL(π_ref‖π_θ).
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        log_rho = log_ratio(_reference_logp(batch), learner_logp)
        return self.beta * (log_rho.exp() - 1 - log_rho)
