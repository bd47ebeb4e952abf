"""OPD: on-policy distillation on sampled tokens (arXiv:2306.13649, and practice since 2025).

Read in the code of TRL's self-distillation trainers and in Tinker's cookbook.
"""

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Unclipped
from whet.policy.distillation import NoAdvantage, TeacherLogRatio
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teachers_by_domain import saved
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import PolicyTokens
from whet.protocols.algorithm import Advantage

_NONE = NoAdvantage()


def opd(
    *, teacher: str = "", alpha: float = 1.0, verdict: Advantage = _NONE, column: str = "domain"
) -> Objective:
    """Reverse KL to a teacher on the policy's own tokens. Â_n = sg[log π_T(n) − log π(n)].

    `teacher` is a folder; without one it is the initial policy. With `DOMAIN=FOLDER,DOMAIN=FOLDER`
    each task has the teacher of its domain, `task.info[column]`. No reward enters. With the
    advantage of a `verdict`, Â_n = Â_n^verdict + α sg[log π_T(n) − log π(n)].
    """
    return Objective(
        advantage=TeacherLogRatio(alpha=alpha, verdict=verdict),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        companions=(ScoringTeacher(weights=saved(teacher, column)),),
        why_not_reinforce="external tokens leave the sum and its denominator",
    )
