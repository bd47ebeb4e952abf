"""PROF: filter chains by agreement of step scores and outcome (arXiv:2509.03403)."""

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
    """GRPO on outcomes, on a subset of rollouts that is chosen by step scores.

    It needs a reward that gives the step score `part`: `process_model` gives mean_step, `process`
    gives steps.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SequenceMean(),
        regularisers=(K3(beta=beta),),
        companions=(ProcessOutcomeFilter(part=part, drop=drop),),
    )
