"""SPO-chain: Segment Policy Optimization (arXiv:2505.23564; probes and denominator unconfirmed)."""

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped
from whet.policy.critics import SegmentGain
from whet.policy.extensions.monte_carlo_values import MonteCarloValues
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import LowProbability


def spo_segment(*, clip: float = 0.2, sure: float = 0.9) -> Objective:
    """PPO with credit per segment, from Monte Carlo values at segment ends instead of a critic.

    Only tokens of probability below `sure` have a gradient.
    """
    return Objective(
        advantage=SegmentGain(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=LowProbability(below=sure),
        companions=(MonteCarloValues(sure=sure),),
        why_not_reinforce="only tokens of low probability have a gradient",
    )
