"""LUFFY: Learning to reason Under oFF-policY guidance (arXiv:2504.14945), the paper's form."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped, Shaped
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.objective import Objective, Term
from whet.policy.ratios import Probability, TokenRatio
from whet.policy.selections import External, PolicyTokens


def luffy(*, clip: float = 0.2, gamma: float = 0.1, count: int = 1) -> Objective:
    """GRPO with a demonstration in every group, with more weight on its unlikely tokens."""
    taught = Term(
        ratio=Probability(),
        clipping=Shaped(gamma=gamma),
        aggregation=TokenMean(),
        on=External(),
    )
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        on=PolicyTokens(),
        extra=(taught,),
        companions=(Demonstrations(count=count),),
        why_not_reinforce="the ratio of demonstrated tokens is reshaped",
    )
