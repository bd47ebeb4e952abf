"""RED: Recall-Extend Dynamics (arXiv:2508.16677, unconfirmed: read in a third-party copy)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import Constant
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.recall import Recall
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, Own


def red(*, clip: float = 0.2, most: float = 5.0, count: int = 1) -> Objective:
    """GRPO plus an imitation loss with an adaptive weight.

    The weight grows with the share of unsolved tasks and with the change of entropy by imitation.
    It is 1 until `Recall` sets it.
    """
    shown = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(Constant(factor=1.0),),
        on=External(),
    )
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=Own(),
        extra=(shown,),
        companions=(Demonstrations(count=count), Recall(most=most)),
        departs="demonstrations are imitated",
    )
