"""REINFORCE with a batch baseline (Williams 1992; the LLM form unconfirmed)."""

from whet.policy.advantages import BatchCentred
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def reinforce() -> Objective:
    """The score function, each answer judged against the mean of the whole batch."""
    return Objective(
        advantage=BatchCentred(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
    )
