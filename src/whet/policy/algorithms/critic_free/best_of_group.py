"""Only the best of a group learns (arXiv:2503.19595, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.passk import BestOfGroup
from whet.policy.ratios import TokenRatio


def best_of_group(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """Nobody else is taught anything, so replies may differ."""
    return Objective(
        advantage=BestOfGroup(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
