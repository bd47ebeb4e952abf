"""Only the best reply of a group has a gradient (arXiv:2503.19595, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.passk import BestOfGroup
from whet.policy.ratios import TokenRatio


def best_of_group(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO on the best reply of each group.

    No other reply has a gradient, which keeps diversity.
    """
    return Objective(
        advantage=BestOfGroup(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
