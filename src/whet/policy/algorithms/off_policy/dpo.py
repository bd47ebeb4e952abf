"""DPO: Direct Preference Optimization (arXiv:2305.18290)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Logistic, PairwiseLoss, SumLogRatio


def dpo(*, beta: float = 0.1) -> BatchLoss:
    """Logistic loss on the log-ratio log π_θ/π_ref of a correct reply minus that of a wrong one.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=PairwiseLoss(score=SumLogRatio(beta=beta), link=Logistic()),
    )
