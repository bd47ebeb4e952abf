"""prime-rl's default: the mask of DPPO (arXiv:2602.04879), and Kimi K2.5's price (2602.02276)."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.anchors import Behaviour
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.regularisers import K2
from whet.policy.trust_regions import SAMPLED, WithinTV
from whet.types import UsageError


def dppo_squared(*, low: float = 0.2, high: float = 0.2, kappa: float = 1e-3) -> Objective:
    """The terms r Â that DPPO does not mask, less κ (log r)² of every token.

    The bounds and κ are prime-rl's `dppo_mask_low`, `dppo_mask_high` and `kl_tau`.
    """
    if not kappa >= 0:
        raise UsageError(f"dppo_squared.kappa is {kappa}; give 0 or more")
    return Objective(
        advantage=Centred(),
        ratio=WithinTV(low=low, high=high),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        regularisers=(K2(beta=2 * kappa, anchor=Behaviour()),),
        why_not_reinforce=SAMPLED,
    )
