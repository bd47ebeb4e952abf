"""ReMax (arXiv:2310.10505): REINFORCE with the greedy reply's reward as baseline."""

from whet.policy.advantages import OverBaseline
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.extensions.greedy import Greedy
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def remax() -> Objective:
    """REINFORCE with the reward of the greedy reply to the same prompt as baseline."""
    return Objective(
        advantage=OverBaseline(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        companions=(Greedy(),),
    )
