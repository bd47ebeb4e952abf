"""RAFT: Reward rAnked FineTuning (arXiv:2304.06767, id unconfirmed)."""

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Imitation
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.selections import Correct


def raft() -> Objective:
    """Supervised training on the policy's own correct replies.

    Of several samples the paper keeps the best by reward; this keeps all that are correct.
    """
    return Objective(
        advantage=RewardOnly(),
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=Correct(),
        why_not_reinforce="wrong replies have no gradient",
    )
