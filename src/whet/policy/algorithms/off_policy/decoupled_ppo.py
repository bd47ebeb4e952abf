"""Decoupled PPO (AReaL, arXiv:2505.24298; Hilton et al., arXiv:2110.00641)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.corrections import Masked
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def decoupled_ppo(*, clip: float = 0.2, cap: float = 5.0) -> Objective:
    """PPO for stale samples: a clip on π_θ / π_prox, and a detached weight π_prox / μ.

    Tokens with a weight above `cap` are masked, and counted. The advantage is GRPO's; any other
    works.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        corrections=(Masked(cap=cap),),
    )
