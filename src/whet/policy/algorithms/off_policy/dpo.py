"""DPO: Direct Preference Optimization (arXiv:2305.18290)."""

from whet.policy.advantages import Given
from whet.policy.objective import Whole
from whet.policy.preferences import Logistic, LogRatio, Pairwise


def dpo(*, beta: float = 0.1) -> Whole:
    """Logistic loss on the log-ratio log π_θ/π_ref of a correct reply minus that of a wrong one.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return Whole(
        advantage=Given(),
        criterion=Pairwise(score=LogRatio(beta=beta), link=Logistic()),
    )
