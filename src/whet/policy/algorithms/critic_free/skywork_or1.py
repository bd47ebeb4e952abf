"""Skywork-OR1 (arXiv:2505.22312): GRPO with an adaptive entropy bonus."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import EntropyBonus


def skywork_or1(*, clip: float = 0.2, target: float = 0.2, delta: float = 0.005) -> Objective:
    """GRPO with a mean over tokens, and an entropy bonus that adapts to a target entropy.

    `EntropyTarget` sets the coefficient of the bonus in each step, starting at 0.
    """
    adaptive = EntropyTarget(target=target, delta=delta)
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(EntropyBonus(beta=adaptive.first),),
        companions=(adaptive,),
    )
