"""DisCO-b: Discriminative Constrained Optimization, the basic form (arXiv:2505.12366)."""

from whet.policy.advantages import Centred
from whet.policy.discrimination import Average, Discriminative, Hinge, LikelihoodScore
from whet.policy.objective import BatchLoss


def disco_b(*, beta: float = 1e3, delta: float = 1e-4) -> BatchLoss:
    """Train correct replies to score above the mean of wrong ones, with a KL constraint."""
    return BatchLoss(
        criterion=Discriminative(
            score=LikelihoodScore(),
            against=Average(),
            constraint=Hinge(beta=beta, delta=delta),
        ),
        advantage=Centred(),
    )
