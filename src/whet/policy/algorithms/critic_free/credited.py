"""Credit of tokens besides the outcome (MT-GRPO, arXiv:2505.11821, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.credits import Credited
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def credited(*, weight: float = 1.0, low: float = 0.2, high: float = 0.2) -> Objective:
    """The leave-one-out advantage of the outcome, plus `weight` times each token's credit."""
    return Objective(
        advantage=Credited(weight=weight),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
