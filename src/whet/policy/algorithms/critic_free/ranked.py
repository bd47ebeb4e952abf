"""Ranks within the group in place of rewards: a textbook baseline, robust to outliers."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ranks import Ranked
from whet.policy.ratios import TokenRatio


def ranked(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO on ranks of rewards within a group; the size of a difference does not matter."""
    return Objective(
        advantage=Ranked(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
