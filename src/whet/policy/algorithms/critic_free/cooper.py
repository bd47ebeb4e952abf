"""Cooper: the policy and its verifier learn together (arXiv:2508.05613)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3


def cooper(*, weight: float = 0.5, clip: float = 0.2, beta: float = 0.04) -> Objective:
    """GRPO on the rule's verdicts and the opinion of a verifier that learns from them.

    In the paper the opinion is the whole reward; that the rule stays, and how much the opinion
    weighs beside it, is ours.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
        companions=(Coevolving(weight=weight),),
    )
