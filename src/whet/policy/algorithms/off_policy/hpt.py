"""HPT: Hybrid Post-Training (arXiv:2509.04419; which mean over tokens is unconfirmed)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import Constant
from whet.policy.extensions.fallback import Fallback
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, Own


def hpt(*, clip: float = 0.2, solved: int = 0, coefficient: float = 1.0) -> Objective:
    """Policy gradient on tasks that the policy solves, imitation of a demonstration on the others.

    `solved` is 0 for Qwen and 2 for Llama; `coefficient` is 0.3 for models of 1.5B.
    """
    shown = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=TokenMean(),
        corrections=(Constant(factor=coefficient),),
        on=External(),
    )
    return Objective(
        advantage=Centred(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        on=Own(),
        extra=(shown,),
        companions=(Fallback(solved=solved),),
        departs="demonstrations are imitated",
    )
