"""DFT: Dynamic Fine-Tuning (arXiv:2508.05629): SFT with each token weighted by its probability."""

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
    """Log-likelihood weighted by the probability, detached. r_n = sg[π_θ(n)] · log π_θ(n).

    Its gradient is that of the probability.
    """

    why_unclippable: ClassVar[str] = "it is a log-likelihood, not a ratio; take clipping Unclipped"

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return learner_logp.detach().exp() * learner_logp


def dft() -> Objective:
    """Supervised training that gives little weight to tokens that the policy finds unlikely."""
    return Objective(
        advantage=RewardOnly(),
        ratio=AsLikelyAsItIs(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        why_not_reinforce="a token is weighted by its probability",
    )
