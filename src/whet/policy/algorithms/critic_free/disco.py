"""DisCO: Discriminative Constrained Optimization (arXiv:2505.12366)."""

from whet.policy.advantages import Centred
from whet.policy.discrimination import Discriminative, Hardest, Hinge, LikelihoodScore
from whet.policy.objective import BatchLoss


def disco(*, tau: float = 10.0, beta: float = 1e3, delta: float = 1e-4) -> BatchLoss:
    """Train correct replies to score above the hardest wrong ones, with a KL constraint.

    With `RatioScore` τ is 1.
    """
    return BatchLoss(
        criterion=Discriminative(
            score=LikelihoodScore(),
            against=Hardest(tau=tau),
            constraint=Hinge(beta=beta, delta=delta),
        ),
        advantage=Centred(),
    )
