"""TreeRL: on-policy tree search with rewards of its steps (arXiv:2506.11902; the released code)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.sharing import InverseSqrt
from whet.policy.tree_advantages import LocalAndGlobal


def treerl(*, low: float = 0.2, high: float = 0.26) -> Objective:
    """Rewards of steps from the values of a tree's nodes; shared tokens weigh √leaves in all.

    The bounds are those of the released loss: 0.2 below, and 1.3 times as much above. It samples
    with temperature 1.2 and top-p 0.95.
    """
    return Objective(
        advantage=LocalAndGlobal(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        sharing=InverseSqrt(),
    )
