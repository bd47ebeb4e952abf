"""LUFFY (arXiv:2504.14945) as its authors ran it: no deviation, no clip, a fixed length."""

from whet.policy.advantages import Centred
from whet.policy.aggregation import FixedLength
from whet.policy.clipping import Shaped, Unclipped
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.objective import Objective, Term
from whet.policy.ratios import Probability, TokenRatio
from whet.policy.selections import External, PolicyTokens


def luffy_runs(*, gamma: float = 0.1, length: int = 8192, count: int = 1) -> Objective:
    """Dr. GRPO with a demonstration in every group; `length` is unconfirmed.

    The authors' runs also have an entropy bonus (0.01; 0.001 in the released script), which is left
    out here.
    """
    taught = Term(
        ratio=Probability(),
        clipping=Shaped(gamma=gamma),
        aggregation=FixedLength(length=length),
        on=External(),
    )
    return Objective(
        advantage=Centred(),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=FixedLength(length=length),
        on=PolicyTokens(),
        extra=(taught,),
        companions=(Demonstrations(count=count),),
        why_not_reinforce="the ratio of demonstrated tokens is reshaped",
    )
