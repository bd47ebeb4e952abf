"""PKPO: the gradient of pass@k (arXiv:2505.15201); clip and mean as in DAPO, unconfirmed."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.passk import MaxReward
from whet.policy.ratios import TokenRatio


def pkpo(*, k: int = 4, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO for the expected best reward of k replies."""
    return Objective(
        advantage=MaxReward(k=k),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
