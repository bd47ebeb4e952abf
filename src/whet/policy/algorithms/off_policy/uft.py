"""UFT: Unified Fine-Tuning (arXiv:2505.16984; the schedule's ends and β unconfirmed)."""

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped, Imitation
from whet.policy.corrections import ConstantWeight
from whet.policy.extensions.hints import Hints
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood, TokenRatio
from whet.policy.selections import External, PolicyTokens


def uft(*, clip: float = 0.2, beta: float = 0.001, steps: int = 300) -> Objective:
    """GRPO on replies that start with a hint, which is imitated and gets shorter over the run."""
    hint = Term(
        ratio=LogLikelihood(),
        clipping=Imitation(),
        aggregation=SelectedTokenMean(),
        corrections=(ConstantWeight(factor=beta),),
        on=External(),
    )
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        extra=(hint,),
        companions=(Hints(steps=steps),),
        why_not_reinforce="hints are imitated",
    )
