"""ARPO: Agentic Reinforced Policy Optimization (arXiv:2507.19849; clip unconfirmed)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.sharing import OncePerLeaf


def arpo(*, clip: float = 0.2) -> Objective:
    """GRPO over all leaves of forked rollouts; a token counts once for every leaf that shares it.

    This is the paper's "soft" estimate. With `OncePerToken` a shared token counts once, with the
    mean advantage of its leaves, which is its "hard" estimate.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        sharing=OncePerLeaf(),
    )
