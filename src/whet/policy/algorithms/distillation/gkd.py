"""GKD: Generalized Knowledge Distillation over the teacher's candidates (arXiv:2306.13649).

The divergences were read in TRL's GKDTrainer, which has the whole vocabulary.
"""

from whet.policy.distillation import (
    MixtureDivergence,
    TokenDivergence,
)
from whet.policy.divergences_to_teachers import divergence_to
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teachers_by_domain import saved
from whet.policy.objective import Objective

_HALF = MixtureDivergence(beta=0.5)


def gkd(
    *,
    teacher: str = "",
    candidates: int = 100,
    divergence: TokenDivergence = _HALF,
    column: str = "domain",
) -> Objective:
    """The divergence of policy and teacher before every token of the policy. J = −mean_n D(n).

    D is a generalised Jensen-Shannon divergence (TRL's default, β = 0.5), the reverse or the
    forward KL, over the teacher's K likeliest tokens and a bin for all others. K is ours. The mean
    is over tokens as in TRL; the paper's is over replies of the mean over tokens (from memory).
    `teacher` is as for `opd`.
    """
    scoring = ScoringTeacher(weights=saved(teacher, column), candidates=candidates)
    return divergence_to(scoring, divergence)
