"""RED: Recall-Extend Dynamics (arXiv:2508.16677, unconfirmed: read in a third-party copy)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import ConstantWeight
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.imitation_weight import ImitationWeight
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, PolicyTokens


def red(*, clip: float = 0.2, most: float = 5.0, count: int = 1) -> Objective:
    """GRPO plus an imitation loss with an adaptive weight.

    The weight grows with the share of unsolved tasks and with the change of entropy by imitation.
    It is 1 until `ImitationWeight` sets it.
    """
    shown = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(ConstantWeight(factor=1.0),),
        on=External(),
    )
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        extra=(shown,),
        companions=(Demonstrations(count=count), ImitationWeight(most=most)),
        why_not_reinforce="demonstrations are imitated",
    )
