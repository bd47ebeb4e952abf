"""SimPO: Simple Preference Optimization (arXiv:2405.14734)."""

from whet.policy.advantages import RewardOnly
from whet.policy.objective import BatchLoss
from whet.policy.preferences import Logistic, MeanLikelihood, PairwiseLoss


def simpo(*, beta: float = 2.5, margin: float = 1.375) -> BatchLoss:
    """DPO on mean log-likelihoods, with a margin and without a reference.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return BatchLoss(
        advantage=RewardOnly(),
        criterion=PairwiseLoss(score=MeanLikelihood(beta=beta), link=Logistic(margin=margin)),
    )
