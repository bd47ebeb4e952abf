"""TreePO: leaves against the means of their subtrees (arXiv:2508.17445; the released script)."""

from whet.policy.advantages import Whitened
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import DualClipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.sharing import OncePerLeaf
from whet.policy.tree_advantages import SubtreeMean


def treepo(*, low: float = 0.2, high: float = 0.28, floor: float = 10.0) -> Objective:
    """Mean advantage over the subtrees of a leaf, whitened over the batch, with a dual clip.

    Shared tokens are learned once per leaf, as in the released code. `SubtreeSizeMean` is the form
    that weighs subtrees by their size.
    """
    return Objective(
        advantage=Whitened(inner=SubtreeMean()),
        ratio=TokenRatio(),
        clipping=DualClipped(low=low, high=high, floor=floor),
        aggregation=TokenMean(),
        sharing=OncePerLeaf(),
    )
