"""REINFORCE with a batch baseline (Williams 1992; the LLM form unconfirmed)."""

from whet.policy.advantages import BatchCentred
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def reinforce() -> Objective:
    """Policy gradient with the mean reward of the whole batch as baseline."""
    return Objective(
        advantage=BatchCentred(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
    )
