"""DPH-RL: Diversity-Preserving Hybrid RL (arXiv:2509.07430)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.clipping import Clipped
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.objective import Objective, Term
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import Behaviour, JensenShannon
from whet.policy.selections import External, PolicyTokens
from whet.protocols.algorithm import Clipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent(Clipping):
    """No lesson but the price.  f = 0."""

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        return 0 * advantage


def dph_rl(*, clip: float = 0.2, beta: float = 0.1) -> Objective:
    """Hard prompts are learned without a KL; the ones that were easy from the start are rehearsed.

    Rehearsed tokens are what π₀ sampled, so `Behaviour` is π₀.  This is the form with
    Jensen–Shannon, β from 0.05 to 0.2; `ForwardKL` (β from 0.01 to 0.05) or `Alpha` may take its
    place.
    """
    return Objective(
        advantage=Centred(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyTokens(),
        extra=(
            Term(
                ratio=TokenRatio(),
                clipping=Silent(),
                aggregation=SelectedTokenMean(),
                regularisers=(JensenShannon(beta=beta, anchor=Behaviour()),),
                on=External(),
            ),
        ),
        companions=(Rehearsal(),),
        why_not_reinforce="what is rehearsed is only kept, not learned",
    )
