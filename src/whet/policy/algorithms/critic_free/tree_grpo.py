"""Tree-GRPO: tree search for agents (arXiv:2509.21240; the released scripts)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.policy.sharing import OncePerLeaf
from whet.policy.tree_advantages import AcrossAndWithinTrees


def tree_grpo(*, clip: float = 0.2, beta: float = 0.001) -> Objective:
    """GRPO across the leaves of a task and within each of its trees, both terms added.

    Shared tokens are learned once per leaf, as in the released code. `TwiceStandardised` is its
    other estimator, `tree_2norm`.
    """
    return Objective(
        advantage=AcrossAndWithinTrees(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta),),
        sharing=OncePerLeaf(),
    )
