"""RFT: Rejection-sampling Fine-Tuning (arXiv:2308.01825, id and path comparison unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Imitation
from whet.policy.extensions.distinct import Distinct
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct


def rft() -> Objective:
    """Supervised training on the policy's own correct replies, one per sequence of calculations.

    The paper samples once and trains from the base; here every step of a run samples anew.
    """
    return Objective(
        advantage=RewardOnly(),
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=Correct(),
        companions=(Distinct(),),
        why_not_reinforce="wrong replies have no gradient",
    )
