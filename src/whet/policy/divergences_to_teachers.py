"""The objective of distillation over candidates: a divergence to a teacher, and nothing else."""

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Unclipped
from whet.policy.distillation import NoAdvantage, Taught, TeacherDivergence, TokenDivergence
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.types import UsageError


def divergence_to(teacher: ScoringTeacher, divergence: TokenDivergence) -> Objective:
    """J = −mean_n D(n) over the tokens of the policy that the teacher has scored.

    Source: arXiv:2306.13649. Raises `UsageError` for a teacher without candidates.
    """
    if not teacher.candidates:
        raise UsageError("candidates is 0, and the divergence is over them; give 1 or more, or opd")
    return Objective(
        advantage=NoAdvantage(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SelectedTokenMean(),
        regularisers=(TeacherDivergence(divergence=divergence),),
        on=Taught(),
        companions=(teacher,),
        why_not_reinforce="it follows the gradient of a divergence, not that of a reward",
    )
