"""Cooper: policy and verifier model are trained together (arXiv:2508.05613)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3


def cooper(*, weight: float = 0.5, clip: float = 0.2, beta: float = 0.04) -> Objective:
    """GRPO on a rule's verdicts plus the score of a verifier model trained on them.

    In the paper the verifier's score is the whole reward. That the rule stays, and the weight of
    the score beside it, is ours.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
        companions=(Coevolving(weight=weight),),
    )
