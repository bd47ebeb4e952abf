"""RAE: REINFORCE with a moving baseline for each role of a game (SPIRAL, arXiv:2506.24119)."""

from whet.policy.advantages import OverBaseline
from whet.policy.aggregation import SequenceSum
from whet.policy.clipping import Unclipped
from whet.policy.extensions.role_baseline import RoleBaseline
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood


def rae(*, keep: float = 0.95) -> Objective:
    """Self-play: Â = R − b of the seat, for every token of its replies.

    `keep` and the order (the baseline before its update) are those of the released code.  That
    REINFORCE is the loss is from memory of the paper; the released code clips as PPO does.
    """
    return Objective(
        advantage=OverBaseline(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=SequenceSum(),
        companions=(RoleBaseline(keep=keep),),
    )
