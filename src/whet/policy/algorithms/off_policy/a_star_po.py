"""A*-PO: regression on the optimal advantage (arXiv:2505.20686)."""

from whet.policy.advantages import OverBaseline
from whet.policy.aggregation import SequenceMean
from whet.policy.extensions.reference_values import ReferenceValues
from whet.policy.objective import Objective
from whet.policy.regression import Consistency, SquaredError


def a_star_po(*, value_beta: float = 0.5, beta: float = 1e-3, samples: int = 8) -> Objective:
    """Mean over rollouts of (β log(π_θ/π_ref)(y) − (R − V*))², one reply per prompt.

    V* = β₁ log mean exp(R/β₁) over samples of the reference, β₁ = `value_beta`.  The values are
    those of the authors' scripts and of TRL.  The method is meant for rewards of 0 and 1, and one
    rollout per task: `sampling.size.rollouts=1`.  The authors may leave out prompts that the
    reference never solves, which is off in their script, and on in TRL.
    """
    return Objective(
        advantage=OverBaseline(),
        ratio=Consistency(beta=beta),
        clipping=SquaredError(),
        aggregation=SequenceMean(),
        companions=(ReferenceValues(beta=value_beta, count=samples),),
        why_not_reinforce="the loss is a regression on the reward",
    )
