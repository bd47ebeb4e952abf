"""cDPO: DPO (arXiv:2305.18290) with smoothed labels (a note of Mitchell's, unconfirmed)."""

from whet.policy.advantages import Given
from whet.policy.objective import Whole
from whet.policy.preferences import Logistic, LogRatio, Pairwise


def cdpo(*, beta: float = 0.1, smoothing: float = 0.1) -> Whole:
    """DPO with label smoothing, for preferences that may be wrong.

    Every correct rollout of a group is preferred to every wrong one.
    """
    return Whole(
        advantage=Given(),
        criterion=Pairwise(score=LogRatio(beta=beta), link=Logistic(smoothing=smoothing)),
    )
