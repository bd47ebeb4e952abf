"""Credit of tokens in place of the outcome (VinePPO, arXiv:2410.01679; loss unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.credits import TokenCredit
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def credit_only(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """PPO's clip on token credit alone. The credit of the last step contains the outcome."""
    return Objective(
        advantage=TokenCredit(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
