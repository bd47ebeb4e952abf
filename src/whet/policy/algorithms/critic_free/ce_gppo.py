"""CE-GPPO: Coordinating Entropy via Gradient-Preserving clipping (arXiv:2509.20712)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import GradientPreserving
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def ce_gppo(
    *, low: float = 0.2, high: float = 0.28, below: float = 0.75, above: float = 1.0
) -> Objective:
    """PPO's clip, but clipped tokens keep a fraction of their gradient, which controls the entropy.

    `below` is β₁, which lowers the entropy; `above` is β₂, which raises it. With both 0 it is PPO's
    clip. The defaults 0.75 and 1 are those of the 7B runs; the 1.5B ones have β₁ = 0.25 or 0.5.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=GradientPreserving(low=low, high=high, below=below, above=above),
        aggregation=TokenMean(),
    )
