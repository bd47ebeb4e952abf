"""TreeRPO: Tree Relative Policy Optimization (arXiv:2506.05183; its clip unconfirmed)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.tree_advantages import Siblings


def treerpo(*, clip: float = 0.2) -> Objective:
    """GRPO among the siblings of a tree: each node against those that continue the same prefix.

    Values are means over children. The deviation is that of the population. Siblings of equal value
    have no advantage, but their tokens count in the mean.
    """
    return Objective(
        advantage=Siblings(inner=Standardised(ddof=0)),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
    )
