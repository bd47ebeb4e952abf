"""The implicit reward model of PRIME (arXiv:2502.01456): the loss that trains the model φ."""

from whet.policy.implicit import outcome_classifier
from whet.policy.objective import Objective


def implicit_reward(*, beta: float = 0.05) -> Objective:
    """Binary cross-entropy on outcomes, with logit β Σ_n log π_φ/π_ref over a reply."""
    return outcome_classifier(beta=beta)
