"""FR3E: First Return, Entropy-Eliciting Explore (arXiv:2507.07017; its clip unconfirmed)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.tree_advantages import GainDamped


def fr3e(*, low: float = 0.2, high: float = 0.28) -> Objective:
    """GRPO on branches from uncertain tokens, damped by the gain of the branch's prefix.

    Groups in which all leaves agree have no advantage; the gate `non_zero_spread` replaces them.
    """
    return Objective(
        advantage=GainDamped(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
