"""VAPO: Value-based Augmented PPO (arXiv:2504.05118; that λ is clipped at 0 is ours)."""

from whet.policy.advantages import Whitened
from whet.policy.aggregation import SelectedTokenMean, TokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import Constant
from whet.policy.critics import LengthAdaptive
from whet.policy.extensions.critic import Critic
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import Correct
from whet.types.optimisers import AdamW


def vapo(
    *, low: float = 0.2, high: float = 0.28, alpha: float = 0.05, mu: float = 0.1, alone: int = 50
) -> Objective:
    """VC-PPO with a λ that grows with reply length, and an imitation loss on correct replies."""
    positives = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(Constant(factor=mu),),
        on=Correct(),
    )
    return Objective(
        advantage=Whitened(inner=LengthAdaptive(alpha=alpha)),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        extra=(positives,),
        companions=(Critic(trace=1.0, alone=alone, optimiser=AdamW(rate=2e-6)),),
        departs="an imitation loss on correct replies is added",
    )
