"""IPO: Identity Preference Optimization (arXiv:2310.12036)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import PairwiseLoss, Squared, SumLogRatio


def ipo(*, tau: float = 0.1) -> BatchLoss:
    """DPO that stops when the margin is 1/(2τ).

    This is the paper's sum; with `MeanLogRatio` as its score it is TRL's mean over tokens.
    Every right rollout of a group is preferred to every wrong one.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=PairwiseLoss(score=SumLogRatio(beta=1.0), link=Squared(tau=tau)),
    )
