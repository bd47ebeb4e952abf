"""Credit of single tokens instead of the outcome (VinePPO, arXiv:2410.01679; loss unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.credits import TokenCredit
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def credit_only(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """Values of steps say it all: the outcome is in the last one."""
    return Objective(
        advantage=TokenCredit(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
