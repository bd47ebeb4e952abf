"""T-PPO: Truncated PPO (arXiv:2506.15050, unconfirmed: extended GAE, filter and window)."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.critics import ExtendedGAE
from whet.policy.extensions.critic import Critic, NotTruncated
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def t_ppo(*, clip: float = 0.2, gae_lambda: float = 0.95) -> Objective:
    """PPO that also learns from truncated replies; its critic is fitted to finished replies only.

    The paper continues an unfinished reply in the next step; here a truncated reply stays
    truncated.
    """
    return Objective(
        advantage=ExtendedGAE(gae_lambda=gae_lambda),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(Critic(gae_lambda=1.0, fit_on=NotTruncated()),),
    )
