"""cDPO: DPO (arXiv:2305.18290) with smoothed labels (a note of Mitchell's, unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Logistic, PairwiseLoss, SumLogRatio


def cdpo(*, beta: float = 0.1, smoothing: float = 0.1) -> BatchLoss:
    """DPO with label smoothing, for preferences that may be wrong.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=PairwiseLoss(score=SumLogRatio(beta=beta), link=Logistic(smoothing=smoothing)),
    )
