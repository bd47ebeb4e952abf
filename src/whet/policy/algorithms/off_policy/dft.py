"""DFT: Dynamic Fine-Tuning (arXiv:2508.05629)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.protocols.algorithm import Ratio
from whet.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class AsLikelyAsItIs(Ratio):
    """r_n = sg[π_θ(n)] · log π_θ(n): the gradient of a probability, not of its logarithm."""

    why_unclippable: ClassVar[str] = "a log-likelihood, no ratio around 1; take clipping Unclipped"

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return learner_logp.detach().exp() * learner_logp


def dft() -> Objective:
    """Supervised training that does not insist on what the policy finds absurd."""
    return Objective(
        advantage=RewardOnly(),
        ratio=AsLikelyAsItIs(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        why_not_reinforce="a token weighs as much as it is likely",
    )
