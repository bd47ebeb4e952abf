"""DPPO: Divergence Proximal Policy Optimization, by total variation (arXiv:2602.04879)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import FixedLength
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.trust_regions import SAMPLED, WithinTV


def dppo(*, low: float = 0.15, high: float = 0.15, length: int = 8192) -> Objective:
    """Masks by the change of a token's probability, where PPO clips by its ratio.

    So likely tokens are held closer, and unlikely ones are let go further.  μ is the policy that
    sampled, not a recomputed one (section 5.2), and the advantage has no deviation (appendix C.1).
    The paper sums over tokens; the constant length is that of veRL's example by the authors.  Its
    larger runs truncate the ratio at 5 (appendix E); here, as in the others, it is not truncated.
    """
    return Objective(
        advantage=Centred(),
        ratio=WithinTV(low=low, high=high),
        clipping=Unclipped(),
        aggregation=FixedLength(length=length),
        why_not_reinforce=SAMPLED,
    )
