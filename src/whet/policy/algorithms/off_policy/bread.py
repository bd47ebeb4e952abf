"""BREAD: Branched Rollouts from Expert Anchors (arXiv:2506.17211, unconfirmed: equations)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.branches import Branches
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import PolicyTokens


def bread(*, clip: float = 0.2, parts: int = 4, tries: int = 4) -> Objective:
    """GRPO that continues the shortest part of a demonstration from which the policy succeeds.

    The tokens of the demonstration have no gradient, and leave the denominator.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        companions=(Branches(parts=parts, tries=tries),),
        why_not_reinforce="tokens of demonstrations are left out",
    )
