"""Advantages from the order or the level of rewards in a group, not from their deviation."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import (
    centred_within,
    difference,
    mean_within,
    rounding,
    sum_within,
)
from whet.policy.domains import AT_LEAST_0, check
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, UsageError

_SLIP = 1e-9  # rounding: .7 · 10 is 7.000000000000001


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked(Advantage):
    """The rank of the reward in its group. Â_i = (rank_i − ½) / n − ½, rank 1 the worst.

    Equal rewards share their mean rank: rank_i − ½ is the number of worse rollouts plus half that
    of equal ones, itself included.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        mates = inputs.group[:, None] == inputs.group[None, :]
        reward = inputs.reward.double()
        ahead = reward[:, None] - reward[None, :]
        close = rounding(inputs.reward, inputs.group)[:, None]
        held = inputs.rollout_weight
        weight = torch.ones_like(reward) if held is None else held.double()
        below = ((ahead > close) & mates).double() @ weight
        equal = ((ahead.abs() <= close) & mates).double() @ weight
        advantage = (below + equal / 2) / sum_within(weight, inputs.group) - 0.5
        return advantage.to(inputs.reward)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile(Advantage):
    """A quantile of the group as baseline (QAE, arXiv:2509.22611, unconfirmed). Â_i = R_i − Q_q(R).

    Q_q is the least reward that at least a share q of the group does not exceed. The level is ours.
    The paper also divides by the deviation.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "the baseline is a quantile, not the mean"

    level: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.level <= 1:
            raise UsageError(f"quantile.level is {self.level}; give one in (0, 1]")

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        baseline, weight = torch.zeros_like(inputs.reward), inputs.rollout_weight
        for group in inputs.group.unique():
            mine = inputs.group == group
            rewards, order = inputs.reward[mine].sort()
            held = torch.ones_like(rewards) if weight is None else weight[mine][order]
            reached = held.double().cumsum(0)
            enough = (reached >= self.level * reached[-1] - _SLIP).nonzero()[0, 0]
            baseline[mine] = rewards[enough]
        return difference(inputs.reward, baseline)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverMean(Advantage):
    """MaxRL (arXiv:2602.02710, unconfirmed). Â_i = (R_i − mean(R)) / mean(R).

    It is meant for rewards of 0 or more. If the mean is not above 0, every advantage is 0.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    shift_sensitive: ClassVar[bool] = True  # a shift of all rewards changes the mean

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check(self, epsilon=AT_LEAST_0)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        mean = mean_within(inputs.reward, inputs.group, inputs.rollout_weight)
        apart = centred_within(inputs.reward, inputs.group, inputs.rollout_weight)
        ratio = apart / mean.clamp(min=self.epsilon)
        return torch.where(mean > self.epsilon, ratio, torch.zeros_like(ratio))[inputs.row]
