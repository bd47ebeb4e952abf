"""QAE: a quantile of the group as baseline (arXiv:2509.22611, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ranks import Quantile
from whet.policy.ratios import TokenRatio


def quantile(*, level: float = 0.4, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO with a reward quantile as baseline.

    So rare successes count on hard tasks, and rare failures on easy ones.
    """
    return Objective(
        advantage=Quantile(level=level),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
