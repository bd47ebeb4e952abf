"""ReMax (arXiv:2310.10505)."""

from whet.policy.advantages import OverBaseline
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.extensions.greedy import Greedy
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def remax() -> Objective:
    """REINFORCE, each answer judged against the one that the policy thinks likeliest."""
    return Objective(
        advantage=OverBaseline(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        companions=(Greedy(),),
    )
