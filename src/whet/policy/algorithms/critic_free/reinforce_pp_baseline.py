"""REINFORCE++-baseline (arXiv:2501.03262): the group's mean, then the batch's scale."""

from whet.policy.advantages import Centred, Whitened
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K2


def reinforce_pp_baseline(*, clip: float = 0.2, beta: float = 0.01) -> Objective:
    """The group's mean as baseline, the batch's deviation as divisor, and the k2 KL penalty.

    The paper's β is not confirmed; 0.01 is the oracle's.
    """
    return Objective(
        advantage=Whitened(inner=Centred()),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(K2(beta=beta),),
    )
