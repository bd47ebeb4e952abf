"""VAPO: Value-based Augmented PPO (arXiv:2504.05118; that λ is clipped at 0 is ours)."""

from whet.policy.advantages import Whitened
from whet.policy.aggregation import SelectedTokenMean, TokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import ConstantWeight
from whet.policy.critics import LengthAdaptive
from whet.policy.extensions.critic import Critic
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import Correct
from whet.types.optimizers import AdamW


def vapo(
    *,
    low: float = 0.2,
    high: float = 0.28,
    alpha: float = 0.05,
    mu: float = 0.1,
    pretrain_steps: int = 50,
) -> Objective:
    """VC-PPO with a λ that grows with reply length, and an imitation loss on correct replies."""
    positives = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(ConstantWeight(factor=mu),),
        on=Correct(),
    )
    return Objective(
        advantage=Whitened(inner=LengthAdaptive(alpha=alpha)),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        extra=(positives,),
        companions=(
            Critic(gae_lambda=1.0, pretrain_steps=pretrain_steps, optimizer=AdamW(lr=2e-6)),
        ),
        why_not_reinforce="an imitation loss on correct replies is added",
    )
