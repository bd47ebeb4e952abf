"""PROF: learn from chains whose steps agree with their outcome (arXiv:2509.03403)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.process_outcome_filter import ProcessOutcomeFilter
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3


def prof(
    *, part: str = "mean_step", drop: float = 0.5, clip: float = 0.2, beta: float = 0.04
) -> Objective:
    """GRPO on the outcome alone; step scores choose the rows.  It needs a reward that gives them:
    process_model, or another, whose `part` of the verdict it is (that of process is steps).
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
        companions=(ProcessOutcomeFilter(part=part, drop=drop),),
    )
