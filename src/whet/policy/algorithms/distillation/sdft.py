"""SDFT: Self-Distillation Fine-Tuning (arXiv:2601.19897; its abstract, and TRL's documentation)."""

from whet.policy.distillation import (
    ReverseDivergence,
    TokenDivergence,
)
from whet.policy.divergences_to_teachers import divergence_to
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_contexts import Demonstrated
from whet.policy.extensions.teacher_weights import CurrentPolicy, TeacherWeights
from whet.policy.objective import Objective

_TEMPLATE = Demonstrated().template
_REVERSE = ReverseDivergence()
_CURRENT = CurrentPolicy()


def sdft(
    *,
    template: str = _TEMPLATE,
    candidates: int = 100,
    divergence: TokenDivergence = _REVERSE,
    weights: TeacherWeights = _CURRENT,
) -> Objective:
    """The policy learns what it says itself when it sees a demonstration. No reward enters.

    J = −mean_n KL(π(·∣x, y_<n) ‖ sg π(·∣demonstration, x, y_<n)), y sampled without demonstration

    The equation is from a note. TRL's mean is over rollouts of the mean over tokens. Its default
    teacher is the initial policy, as `weights` `initial_policy`. K is ours.
    """
    context = Demonstrated(template=template)
    scoring = ScoringTeacher(weights=weights, context=context, candidates=candidates)
    return divergence_to(scoring, divergence)
