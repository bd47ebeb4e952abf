"""GPPO: Gradient-Preserving clipping Policy Optimization (Klear-Reasoner, arXiv:2508.07629)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import GradientPreserving
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def gppo(*, low: float = 0.2, high: float = 0.28, floor: float = 3.0) -> Objective:
    """What the clip would silence keeps the gradient that it has at the clip's edge."""
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=GradientPreserving(low=low, high=high, floor=floor),
        aggregation=TokenMean(),
    )
