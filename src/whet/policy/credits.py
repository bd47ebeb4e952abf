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
from whet.protocols.algorithm import Advantage
from whet.types import Need, Scores

_UNEVEN = "rewards of single tokens are added"


def _dense(scores: Scores) -> Float[Tensor, " N"]:
    if scores.dense is None:
        raise ValueError("this advantage needs scores.dense: give the run a reward with credit")
    return scores.dense


def _others(scores: Scores) -> Float[Tensor, " N"]:
    """The leave-one-out advantage R_i − mean_{j≠i}(R_j), at every token."""
    n = size_within(scores.group, scores.rollout_weight)
    apart = centred_within(scores.reward, scores.group, scores.rollout_weight)
    return (apart * n / (n - 1).clamp(min=1))[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(Advantage):
    """The token's credit alone, for rewards with credit that is an advantage. Â_n = credit_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DENSE})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _dense(scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited(Advantage):
    """The leave-one-out outcome plus token credit. Â_n = (R_i − mean_{j≠i}(R_j)) + w credit_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        return _others(scores) + self.weight * _dense(scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReturns(Advantage):
    """The leave-one-out outcome plus the credit to go.

    Â_t = (R_i − mean_{j≠i}(R_j)) + w Σ_{s≥t} γ^{s−t} (credit_s − b_i),
    b_i = the mean over the other replies of their mean credit per token

    The baseline is per token, not per step, so that writing more steps earns nothing by itself.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    uncentred: ClassVar[str] = _UNEVEN

    weight: float = 1.0
    discount: float = 1.0

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        dense = _dense(scores)
        mean = torch.zeros_like(scores.reward)
        mean[scores.row] = mean_within(dense, scores.row).to(mean)
        weight = scores.rollout_weight
        n = size_within(scores.group, weight)
        others = (mean_within(mean, scores.group, weight) * n - mean) / (n - 1).clamp(min=1)
        above = difference(dense, others[scores.row].to(dense))
        returns = reward_to_go(above, scores.row, self.discount)
        return _others(scores) + self.weight * returns


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplified(Advantage):
    """HICRA (arXiv:2509.03646, unconfirmed). Â'_n = Â_n + α |Â_n| where the credit marks a token.

    Â is Dr. GRPO's, R_i − mean(R). A token is marked by a credit other than 0. The value α = 0.2 is
    unconfirmed.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    uncentred: ClassVar[str] = "marked tokens get α |Â| in addition"

    alpha: float = 0.2

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        weight = scores.rollout_weight
        apart = centred_within(scores.reward, scores.group, weight)[scores.row]
        return apart + self.alpha * apart.abs() * (_dense(scores) != 0)
