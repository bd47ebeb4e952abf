"""GKD: Generalized Knowledge Distillation over the teacher's candidates (arXiv:2306.13649).

The divergences were read in TRL's GKDTrainer, which has the whole vocabulary.
"""

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Unclipped
from whet.policy.distillation import (
    MixtureDivergence,
    NoAdvantage,
    Taught,
    TeacherDivergence,
    TokenDivergence,
)
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_weights import saved
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood

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
    return Objective(
        advantage=NoAdvantage(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SelectedTokenMean(),
        regularisers=(TeacherDivergence(divergence=divergence),),
        on=Taught(),
        companions=(ScoringTeacher(weights=saved(teacher, column), candidates=candidates),),
        why_not_reinforce="it follows the gradient of a divergence, not that of a reward",
    )
