"""80/20, "Beyond the 80/20 Rule": high-entropy minority tokens (arXiv:2506.01939)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import HighEntropy


def high_entropy(*, low: float = 0.2, high: float = 0.28, share: float = 0.2) -> Objective:
    """DAPO on high-entropy tokens only; the other tokens have no gradient.

    The quantile is that of the whole batch (the paper's: of the micro-batch). TRL divides by all
    tokens: that is `TokenMean` in place of `SelectedTokenMean`.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=SelectedTokenMean(),
        on=HighEntropy(share=share),
        why_not_reinforce="only high-entropy tokens have a gradient",
    )
