"""ProRL: Prolonged Reinforcement Learning (arXiv:2505.24864; β and the trigger unconfirmed)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3


def prorl(
    *, low: float = 0.2, high: float = 0.4, beta: float = 0.001, patience: int = 50
) -> Objective:
    """DAPO with a KL penalty to a reference that is reset to the policy when training stagnates.

    The value of β is ours.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta),),
        companions=(ReferenceReset(patience=patience),),
    )
