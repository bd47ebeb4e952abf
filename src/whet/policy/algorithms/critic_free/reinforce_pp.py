"""REINFORCE++ (arXiv:2501.03262): PPO without a critic, normalised over the whole batch."""

from whet.policy.advantages import RewardToGo, Whitened
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def reinforce_pp(*, clip: float = 0.2, beta: float = 0.05, discount: float = 1.0) -> Objective:
    """PPO without a critic: KL penalty in the reward, advantages normalised over the batch.

    One reply per prompt is enough. The paper's β is not confirmed; 0.05 is the oracle's.
    """
    return Objective(
        advantage=Whitened(inner=RewardToGo(beta=beta, discount=discount)),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
    )
