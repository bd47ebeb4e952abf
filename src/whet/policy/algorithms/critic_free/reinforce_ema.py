"""REINFORCE with a moving average as baseline (Williams 1992; the LLM form unconfirmed)."""

from whet.policy.advantages import OverBaseline
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def reinforce_ema(*, keep: float = 0.9) -> Objective:
    """Policy gradient with a moving average of rewards as baseline."""
    return Objective(
        advantage=OverBaseline(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        companions=(MovingMean(keep=keep),),
    )
