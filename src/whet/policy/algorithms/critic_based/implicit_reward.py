"""The implicit reward model of PRIME (arXiv:2502.01456): its loss, for the model φ itself."""

from whet.policy.implicit import outcome_classifier
from whet.policy.objective import Objective


def implicit_reward(*, beta: float = 0.05) -> Objective:
    """A classifier of whole replies whose log-odds are a sum over their tokens."""
    return outcome_classifier(beta=beta)
