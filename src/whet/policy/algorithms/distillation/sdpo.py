"""SDPO: Self-Distillation Policy Optimization (arXiv:2601.20802), as read in TRL's trainer."""

from whet.policy.distillation import (
    ReverseDivergence,
    TokenDivergence,
)
from whet.policy.divergences_to_teachers import divergence_to
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_contexts import Corrected
from whet.policy.extensions.teacher_weights import AveragePolicy, TeacherWeights
from whet.policy.objective import Objective

_TEMPLATE, _SOLUTION = Corrected().template, Corrected().solution
_REVERSE = ReverseDivergence()
_AVERAGE = AveragePolicy(rate=0.05)


def sdpo(
    *,
    template: str = _TEMPLATE,
    solution: str = _SOLUTION,
    feedback: str = "",
    candidates: int = 100,
    divergence: TokenDivergence = _REVERSE,
    weights: TeacherWeights = _AVERAGE,
) -> Objective:
    """The policy learns what it says itself when it sees a right reply, or feedback on its own.

    J = −mean_n KL(π(·∣x, y_<n) ‖ sg π_T(·∣x, feedback or right sibling, y_<n))

    The mean is over the tokens of rollouts with a right sibling or feedback; the others are not
    learned from. TRL's is over all rollouts, of the mean over tokens. π_T is an average of the
    policy, as in TRL. The candidates are the teacher's, where TRL takes the policy's likeliest
    tokens, and there is no importance weight in a second minibatch. K is that of a copy of the
    authors' scripts; with rich feedback they have 20, and a rate of 0.01. For `feedback` give a
    text with {note}, the note of the verdict.
    """
    context = Corrected(template=template, solution=solution, feedback=feedback)
    scoring = ScoringTeacher(weights=weights, context=context, candidates=candidates)
    return divergence_to(scoring, divergence)
