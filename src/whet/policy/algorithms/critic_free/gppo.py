"""GPPO: Gradient-Preserving clipping Policy Optimization (Klear-Reasoner, arXiv:2508.07629)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import GradientPreserving
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def gppo(*, low: float = 0.2, high: float = 0.28, floor: float = 3.0) -> Objective:
    """PPO's clip, but clipped tokens keep the gradient that they have at the edge of the clip."""
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=GradientPreserving(low=low, high=high, floor=floor),
        aggregation=TokenMean(),
    )
