"""DPPO: Divergence Proximal Policy Optimization, by total variation (arXiv:2602.04879)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import FixedLength
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.trust_regions import SAMPLED, WithinTV


def dppo(*, low: float = 0.15, high: float = 0.15, length: int = 8192) -> Objective:
    """Masks by the change of a token's probability, where PPO clips by its ratio.

    So likely tokens are held closer, and unlikely ones are let go further.  The settings are those
    of veRL's example by the authors: no deviation, sums over a constant length.  veRL detaches the
    ratio and truncates it at `clip_ratio_c`, which the example sets to 10,000: the gradient is the
    same.
    """
    return Objective(
        advantage=Centred(),
        ratio=WithinTV(low=low, high=high),
        clipping=Unclipped(),
        aggregation=FixedLength(length=length),
        why_not_reinforce=SAMPLED,
    )
