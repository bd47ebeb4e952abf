"""ReLIFT: Reinforcement Learning Interleaved with Fine-Tuning (arXiv:2506.07527)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, PolicyTokens


def relift(*, clip: float = 0.2, size: int = 32) -> Objective:
    """GRPO, with a supervised step on every `size` demonstrations of unsolved tasks.

    The value of `size` is unconfirmed.
    """
    shown = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        on=External(),
    )
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        extra=(shown,),
        companions=(SFTBuffer(size=size),),
        why_not_reinforce="demonstrations are imitated",
    )
