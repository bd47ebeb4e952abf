"""EFRame: Exploration, Filter, Replay (arXiv:2506.22200, unconfirmed: paper unread)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def eframe(*, clip: float = 0.2, samples: int = 16, temperature: float = 1.2) -> Objective:
    """GRPO with a second, hotter round on unsolved tasks, and a replay buffer of its successes."""
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(ExtraRound(samples=samples, temperature=temperature),),
    )
