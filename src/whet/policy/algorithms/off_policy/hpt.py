"""HPT: Hybrid Post-Training (arXiv:2509.04419; which mean over tokens is unconfirmed)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import ConstantWeight
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, PolicyTokens


def hpt(*, clip: float = 0.2, solved: int = 0, coefficient: float = 1.0) -> Objective:
    """Policy gradient on tasks that the policy solves, imitation of a demonstration on the others.

    `solved` is 0 for Qwen and 2 for Llama; `coefficient` is 0.3 for models of 1.5B.
    """
    shown = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=TokenMean(),
        corrections=(ConstantWeight(factor=coefficient),),
        on=External(),
    )
    return Objective(
        advantage=Centred(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        on=PolicyTokens(),
        extra=(shown,),
        companions=(DemonstrationFallback(solved=solved),),
        why_not_reinforce="demonstrations are imitated",
    )
