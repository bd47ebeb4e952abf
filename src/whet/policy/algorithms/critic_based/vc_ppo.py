"""VC-PPO: Value-Calibrated PPO (arXiv:2503.01491; as VAPO restates it, the rest unconfirmed)."""

from whet.policy.advantages import Whitened
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.critics import GeneralisedAdvantage
from whet.policy.extensions.critic import Critic
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def vc_ppo(*, clip: float = 0.2, gae_lambda: float = 0.95, pretrain_steps: int = 50) -> Objective:
    """PPO with value pretraining, and a critic that is always fitted to full returns (λ = 1).

    The paper trains the critic until it no longer improves; 50 steps are VAPO's.
    """
    return Objective(
        advantage=Whitened(inner=GeneralisedAdvantage(gae_lambda=gae_lambda)),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(Critic(gae_lambda=1.0, pretrain_steps=pretrain_steps),),
    )
