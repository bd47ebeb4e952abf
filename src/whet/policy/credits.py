"""Advantages that use rewards of single tokens: the `credit` of verdicts."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import (
    centred_within,
    difference,
    mean_within,
    reward_to_go,
    size_within,
)
from whet.policy.domains import AT_LEAST_0, FINITE, SHARE, check
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need

_UNEVEN = "rewards of single tokens are added"


def _dense(inputs: AdvantageInputs) -> Float[Tensor, " N"]:
    if inputs.dense is None:
        raise ValueError("this advantage needs inputs.dense: give the run a reward with credit")
    return inputs.dense


def _others(inputs: AdvantageInputs) -> Float[Tensor, " N"]:
    """The leave-one-out advantage R_i − mean_{j≠i}(R_j), at every token."""
    n = size_within(inputs.group, inputs.rollout_weight)
    apart = centred_within(inputs.reward, inputs.group, inputs.rollout_weight)
    return (apart * n / (n - 1).clamp(min=1))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCredit(Advantage):
    """The token's credit alone, for rewards with credit that is an advantage. Â_n = credit_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DENSE})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _dense(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(Advantage):
    """The leave-one-out outcome plus token credit. Â_n = (R_i − mean_{j≠i}(R_j)) + w credit_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0

    def __post_init__(self) -> None:
        check(self, weight=FINITE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _others(inputs) + self.weight * _dense(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReturns(Advantage):
    """The leave-one-out outcome plus the credit to go.

    Â_t = (R_i − mean_{j≠i}(R_j)) + w Σ_{s≥t} γ^{s−t} (credit_s − b_i),
    b_i = the mean over the other replies of their mean credit per token

    The baseline is per token, not per step, so that writing more steps earns nothing by itself.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0
    discount: float = 1.0

    def __post_init__(self) -> None:
        check(self, weight=FINITE, discount=SHARE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        dense = _dense(inputs)
        mean = torch.zeros_like(inputs.reward)
        mean[inputs.row] = mean_within(dense, inputs.row).to(mean)
        weight = inputs.rollout_weight
        n = size_within(inputs.group, weight)
        others = (mean_within(mean, inputs.group, weight) * n - mean) / (n - 1).clamp(min=1)
        above = difference(dense, others[inputs.row].to(dense))
        returns = reward_to_go(above, inputs.row, self.discount)
        return _others(inputs) + self.weight * returns


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplified(Advantage):
    """HICRA (arXiv:2509.03646, unconfirmed). Â'_n = Â_n + α |Â_n| where the credit marks a token.

    Â is Dr. GRPO's, R_i − mean(R). A token is marked by a credit other than 0. The value α = 0.2 is
    unconfirmed.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = "marked tokens get α |Â| in addition"

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check(self, alpha=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        weight = inputs.rollout_weight
        apart = centred_within(inputs.reward, inputs.group, weight)[inputs.row]
        return apart + self.alpha * apart.abs() * (_dense(inputs) != 0)
