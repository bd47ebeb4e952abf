"""SimPO: Simple Preference Optimization (arXiv:2405.14734)."""

from whet.policy.advantages import Given
from whet.policy.objective import Whole
from whet.policy.preferences import Logistic, MeanLikelihood, Pairwise


def simpo(*, beta: float = 2.5, margin: float = 1.375) -> Whole:
    """DPO on mean log-likelihoods, with a margin and without a reference.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return Whole(
        advantage=Given(),
        criterion=Pairwise(score=MeanLikelihood(beta=beta), link=Logistic(margin=margin)),
    )
