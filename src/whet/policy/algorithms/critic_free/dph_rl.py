"""DPH-RL: Diversity-Preserving Hybrid RL (arXiv:2509.07430)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.anchors import Behaviour
from whet.policy.clipping import Clipped
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.f_divergences import JensenShannon
from whet.policy.objective import Objective, Term
from whet.policy.ratios import TokenRatio
from whet.policy.selections import External, PolicyTokens
from whet.protocols.algorithm import Clipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent(Clipping):
    """The constant 0, so that the term consists of its penalty alone. f = 0."""

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        return 0 * advantage


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed(Behaviour):
    """The policy that sampled the rehearsed tokens as anchor: the initial one."""

    begins_equal: ClassVar[bool] = False


def dph_rl(*, clip: float = 0.2, beta: float = 0.1) -> Objective:
    """PPO's clip without KL on hard prompts; a divergence penalty on rollouts of easy ones.

    This is the form with Jensen–Shannon, β from 0.05 to 0.2; `ForwardKL` (β from 0.01 to 0.05) or
    `Alpha` may replace it.
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
                regularisers=(JensenShannon(beta=beta, anchor=Rehearsed()),),
                on=External(),
            ),
        ),
        companions=(Rehearsal(),),
        why_not_reinforce="rehearsed rollouts have a penalty instead of an advantage",
    )
