"""IPO: Identity Preference Optimization (arXiv:2310.12036)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import PairwiseLoss, Squared, SumLogRatio


def ipo(*, tau: float = 0.1) -> BatchLoss:
    """DPO with a squared loss that drives the margin to 1/(2τ).

    This is the paper's sum over tokens; with `MeanLogRatio` as its score it is TRL's mean over
    tokens. Every correct rollout of a group is preferred to every wrong one.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=PairwiseLoss(score=SumLogRatio(beta=1.0), link=Squared(tau=tau)),
    )
