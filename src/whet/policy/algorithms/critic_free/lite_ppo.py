"""Lite PPO, "Part I: Tricks or Traps?" (arXiv:2508.08221; its ε unconfirmed)."""

from whet.policy.advantages import GroupCentredBatchScaled
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio


def lite_ppo(*, clip: float = 0.2) -> Objective:
    """PPO's clip with the group's mean, the batch's deviation, and a mean over tokens."""
    return Objective(
        advantage=GroupCentredBatchScaled(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
    )
