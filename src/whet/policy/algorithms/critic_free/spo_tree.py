"""SPO-tree: Segment Policy Optimization on a tree (arXiv:2505.23564; the released code)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import LowProbability
from whet.policy.tree_advantages import Siblings


def spo_tree(*, clip: float = 0.2, sure: float = 0.9) -> Objective:
    """PPO on a tree of rollouts, which gives the values of segments without a critic.

    Â = V(node) − V(parent), the code's `rloo`; with `Standardised(ddof=0)` as `inner` it is its
    `grpo`. In a conversation without forks the turns are the segments. Only tokens of probability
    below `sure` have a gradient.
    """
    return Objective(
        advantage=Siblings(inner=Centred()),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=LowProbability(below=sure),
        why_not_reinforce="only tokens of low probability have a gradient",
    )
