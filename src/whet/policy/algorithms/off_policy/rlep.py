"""RLEP: RL with Experience rePlay (arXiv:2507.07451, unconfirmed: paper unread)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.replay import Replay
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def rlep(*, low: float = 0.2, high: float = 0.28, count: int = 2) -> Objective:
    """DAPO's loss with a few replayed correct replies in every group.

    Replayed rollouts keep the log-probs that they were sampled with as denominator (our choice).
    The paper collects them from a converged policy; here they come from earlier steps of the run.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
        companions=(Replay(count=count),),
    )
