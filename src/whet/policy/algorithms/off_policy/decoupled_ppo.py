"""Decoupled PPO (AReaL, arXiv:2505.24298; Hilton et al., arXiv:2110.00641)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.corrections import Masked
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def decoupled_ppo(*, clip: float = 0.2, cap: float = 5.0) -> Objective:
    """PPO for stale samples: the clip is about this update, the weight about their age.

    Tokens whose weight exceeds `cap` are left out, and counted.  The advantage is any; GRPO's here.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        corrections=(Masked(cap=cap),),
    )
