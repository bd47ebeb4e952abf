"""GiGPO: Group-in-Group Policy Optimization (arXiv:2505.10978; β and aggregation unconfirmed)."""

from dataclasses import dataclass, replace
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Centred, Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import alike, count_within, places, steps
from whet.policy.clipping import Clipped
from whet.policy.domains import AT_LEAST_0, SHARE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInGroup(Advantage):
    """Rollouts are compared per task, turns with turns that start in the same state.

    Â = Â(R_i) + weight · Â(γ^k R_i),  k the number of turns after this one

    The second term is over the turns of the same group that begin in the same state. The reward
    comes with the last turn.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.STATES, Need.SEGMENTS})
    per_token: ClassVar[bool] = True

    inner: Centred | Standardised = Centred()
    discount: float = 0.95
    weight: float = 1.0

    def __post_init__(self) -> None:
        check(self, discount=SHARE, weight=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.segment is None or inputs.state is None:
            raise ValueError(
                "GroupInGroup needs inputs.segment and inputs.state: take a multi-turn environment"
            )
        step = steps(inputs.row, inputs.segment)
        later = (count_within(step.row) - 1 - places(step.row).turn).to(inputs.reward)
        turns = replace(
            inputs,
            reward=inputs.reward[step.row] * self.discount**later,
            group=alike(inputs.group[step.row], inputs.state[step.first]),
            row=step.of,
            correct=None,
            truncated=None,
            tree=None,
        )
        return self.inner(inputs) + self.weight * self.inner(turns)


def gigpo(*, clip: float = 0.2, beta: float = 0.01, weight: float = 1.0) -> Objective:
    """GRPO for multi-turn agents, with credit for whole rollouts and for turns in equal states."""
    return Objective(
        advantage=GroupInGroup(weight=weight),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta),),
    )
