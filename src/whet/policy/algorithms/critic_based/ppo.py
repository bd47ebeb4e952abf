"""PPO: Proximal Policy Optimization (arXiv:1707.06347), with GAE (arXiv:1506.02438)."""

from whet.policy.advantages import Whitened
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.critics import GeneralisedAdvantage, KLPenalised
from whet.policy.extensions.critic import Critic
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def ppo(*, clip: float = 0.2, gae_lambda: float = 0.95, beta: float = 0.05) -> Objective:
    """A critic as baseline, GAE, a clipped ratio, and the KL penalty in the reward.

    With `DualClipped` in the place of `Clipped` it is veRL's default.
    """
    token_rewards = KLPenalised(beta=beta)
    return Objective(
        advantage=Whitened(
            inner=GeneralisedAdvantage(gae_lambda=gae_lambda, token_rewards=token_rewards)
        ),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(Critic(gae_lambda=gae_lambda, token_rewards=token_rewards),),
    )
