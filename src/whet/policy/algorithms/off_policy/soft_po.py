"""Soft Policy Optimization (arXiv:2503.05453; read in secondary notes, unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import SequenceMean
from whet.policy.arithmetic import difference, mean_within, most_within
from whet.policy.domains import POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.regression import Consistency, SquaredError
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class AboveSoftValue(Advantage):
    """The reward minus the soft value of the prompt. Â_n = R_i − Q₀.

    Q₀ = β log mean(exp(R/β)) over the group
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "the soft mean is above the mean"

    beta: float

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        below = difference(inputs.reward, most_within(inputs.reward, inputs.group))
        weight = inputs.rollout_weight
        mean = mean_within((below / self.beta).expm1(), inputs.group, weight)
        return (below - self.beta * mean.log1p())[inputs.row]


def soft_po(*, beta: float = 0.5) -> Objective:
    """Regression of the policy's implied value on the reward; replies may come from any policy.

    The paper estimates Q₀ from samples of the reference; here the group's own rewards stand in for
    them. The value of β is the oracle's.
    """
    return Objective(
        advantage=AboveSoftValue(beta=beta),
        ratio=Consistency(beta=beta),
        clipping=SquaredError(),
        aggregation=SequenceMean(),
        why_not_reinforce="the loss is a regression on the reward",
    )
