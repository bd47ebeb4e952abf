"""HICRA: planning tokens weigh more (arXiv:2509.03646, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.credits import Amplified
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def hicra(*, alpha: float = 0.2, low: float = 0.2, high: float = 0.2) -> Objective:
    """Dr. GRPO's advantage, amplified on planning tokens, which the reward `planning` marks."""
    return Objective(
        advantage=Amplified(alpha=alpha),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
