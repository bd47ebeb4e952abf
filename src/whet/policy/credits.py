"""Advantages that take in what single tokens earned: the `credit` of verdicts."""

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
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need

_UNEVEN = "tokens have rewards of their own"


def _dense(inputs: AdvantageInputs) -> Float[Tensor, " N"]:
    if inputs.dense is None:
        raise ValueError("this advantage needs inputs.dense: give the run a reward with credit")
    return inputs.dense


def _others(inputs: AdvantageInputs) -> Float[Tensor, " N"]:
    """R_i − mean_{j≠i}(R_j), at every token."""
    n = size_within(inputs.group, inputs.rollout_weight)
    apart = centred_within(inputs.reward, inputs.group, inputs.rollout_weight)
    return (apart * n / (n - 1).clamp(min=1))[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCredit(Advantage):
    """The credit itself, where it already is an advantage.  Â_n = credit_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DENSE})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _dense(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(Advantage):
    """Â_n = (R_i − mean_{j≠i}(R_j)) + w credit_n: the outcome's lesson and the token's own."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return _others(inputs) + self.weight * _dense(inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReturns(Advantage):
    """The outcome, and the rewards of the steps to come.

    Â_t = (R_i − mean_{j≠i}(R_j)) + w Σ_{s≥t} γ^{s−t} (credit_s − b_i),
    b_i = the mean over the other replies of their mean credit per token

    A baseline per token, not per step, takes the reward from writing more steps away.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0
    discount: float = 1.0

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
    """HICRA (arXiv:2509.03646, unconfirmed).  Â'_n = Â_n + α |Â_n| where the credit marks a token.

    Â is Dr. GRPO's, R_i − mean(R); a mark is a credit other than 0.  α = .2 is unconfirmed.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = "marked tokens weigh more where they are praised than blamed"

    alpha: float = 0.2

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        weight = inputs.rollout_weight
        apart = centred_within(inputs.reward, inputs.group, weight)[inputs.row]
        return apart + self.alpha * apart.abs() * (_dense(inputs) != 0)
