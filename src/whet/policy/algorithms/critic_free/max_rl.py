"""MaxRL: division by the group's mean, for weight on hard tasks (arXiv:2602.02710, unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ranks import OverMean
from whet.policy.ratios import TokenRatio


def max_rl(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """GRPO with the centred reward over the group's mean: rare successes weigh more."""
    return Objective(
        advantage=OverMean(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
