"""CoVo: rewards from consistency and volatility of a chain (arXiv:2506.08745, unconfirmed)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.path_consistency import PathConsistency
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3


def covo(*, clip: float = 0.2, beta: float = 0.04) -> Objective:
    """GRPO without a verifier: a chain that reaches its answer early and keeps it scores high."""
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
        companions=(PathConsistency(),),
    )
