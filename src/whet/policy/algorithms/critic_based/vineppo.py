"""VinePPO (arXiv:2410.01679): Monte Carlo values; KL, clip and the mean over tokens unconfirmed."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.critics import SegmentGain
from whet.policy.extensions.monte_carlo_values import MonteCarloValues
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def vineppo(*, clip: float = 0.2, interval: int = 32, count: int = 9) -> Objective:
    """PPO without a critic: values are estimated by rollouts from every cut of a reply.

    The paper cuts between steps of reasoning; here a reply is cut by its length (`interval`, ours).
    """
    return Objective(
        advantage=SegmentGain(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(MonteCarloValues(interval=interval, count=count, sure=1.0),),
    )
