"""Pass@k training (arXiv:2508.10751): rewards of k replies together; clip and mean unconfirmed."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.passk import PassAtK
from whet.policy.ratios import TokenRatio


def pass_at_k(*, k: int = 4, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO for pass@k: a set of k replies succeeds if one of them is correct."""
    return Objective(
        advantage=PassAtK(k=k),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
