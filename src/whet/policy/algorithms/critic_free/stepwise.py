"""Step rewards besides the outcome, as in PURE and others (arXiv:2504.15275, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.credits import StepReturns
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def stepwise(*, weight: float = 1.0, low: float = 0.2, high: float = 0.2) -> Objective:
    """The leave-one-out advantage of the outcome, plus the rewards of this and later steps."""
    return Objective(
        advantage=StepReturns(weight=weight),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
