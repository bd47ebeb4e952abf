"""LUSPO: Length-Unbiased Sequence Policy Optimization (arXiv:2602.05261, id and clip unconfirmed).

In TRL's form, it is GSPO with each reply weighted by its length.
"""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import SequenceRatio


def luspo(*, low: float = 3e-4, high: float = 4e-4) -> Objective:
    """GSPO without the bias towards short replies. The clip is GSPO's."""
    return Objective(
        advantage=Standardised(),
        ratio=SequenceRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=SequenceSum(),
    )
