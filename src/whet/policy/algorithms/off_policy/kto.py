"""KTO: Kahneman-Tversky Optimization (arXiv:2402.01306, id unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Unpaired


def kto(*, beta: float = 0.1) -> BatchLoss:
    """A loss on single correct and wrong replies, without pairs.

    The paper estimates z₀ from mismatched prompts and replies; this takes the mean over the batch.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=Unpaired(beta=beta),
    )
