"""Ranks within the group for rewards: a textbook baseline, proof against outliers."""

from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ranks import Ranked
from whet.policy.ratios import TokenRatio


def ranked(*, low: float = 0.2, high: float = 0.2) -> Objective:
    """How much better doesn't matter, only who is."""
    return Objective(
        advantage=Ranked(),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
