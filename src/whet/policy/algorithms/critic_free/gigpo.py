"""GiGPO: Group-in-Group Policy Optimization (arXiv:2505.10978; β and aggregation unconfirmed)."""

from dataclasses import dataclass, replace
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred, Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import alike, count_within, places, steps
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.protocols.algorithm import Advantage
from whet.types import Need, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInGroup(Advantage):
    """Rollouts are compared per task, turns with turns that start in the same state.

    Â = Â(R_i) + weight · Â(γ^k R_i),  k the number of turns after this one

    The second term is over the turns of the same group that begin in the same state. The reward
    comes with the last turn.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.STATES, Need.SEGMENTS})
    varies: ClassVar[bool] = True

    inner: Centred | Standardised = Centred()
    discount: float = 0.95
    weight: float = 1.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        if scores.segment is None or scores.state is None:
            raise ValueError(
                "GroupInGroup needs scores.segment and scores.state: take a multi-turn environment"
            )
        step = steps(scores.row, scores.segment)
        later = (count_within(step.row) - 1 - places(step.row).turn).to(scores.reward)
        turns = replace(
            scores,
            reward=scores.reward[step.row] * self.discount**later,
            group=alike(scores.group[step.row], scores.state[step.first]),
            row=step.of,
        )
        return self.inner(scores) + self.weight * self.inner(turns)


def gigpo(*, clip: float = 0.2, beta: float = 0.01, weight: float = 1.0) -> Objective:
    """GRPO for multi-turn agents, with credit for whole rollouts and for turns in equal states."""
    return Objective(
        advantage=GroupInGroup(weight=weight),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta),),
    )
