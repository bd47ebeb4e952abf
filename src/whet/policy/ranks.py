"""Advantages that look at the order or the level of a group, not at its deviation."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import (
    centred_within,
    count_within,
    difference,
    mean_within,
    rounding,
)
from whet.types import Need, Refusal, Scores

_SLIP = 1e-9  # .7 · 10 is 7.000000000000001


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Â_i = (rank_i − ½) / n − ½,  rank 1 the worst of the group; equals share their mean rank."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        mates = scores.group[:, None] == scores.group[None, :]
        reward = scores.reward.double()
        ahead = reward[:, None] - reward[None, :]
        close = rounding(scores.reward, scores.group)[:, None]
        below = ((ahead > close) & mates).sum(1)
        equal = ((ahead.abs() <= close) & mates).sum(1)
        rank = below + (equal + 1).double() / 2
        advantage = (rank - 0.5) / count_within(scores.group) - 0.5
        return advantage.to(scores.reward)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile for the mean (QAE, arXiv:2509.22611, unconfirmed).  Â_i = R_i − Q_q(R).

    The least reward that at least a share q of the group doesn't exceed.  The level is ours.  The
    paper also divides by the deviation.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    uncentred: ClassVar[str] = "a quantile is not the mean"

    level: float = 0.4

    def __post_init__(self) -> None:
        """Refuse a level that no quantile has."""
        if not 0 < self.level <= 1:
            raise Refusal(f"quantile.level is {self.level}; give one in (0, 1]")

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        baseline = torch.zeros_like(scores.reward)
        for group in scores.group.unique():
            mine = scores.group == group
            rewards = scores.reward[mine].sort().values
            place = ceil(self.level * len(rewards) - _SLIP)
            baseline[mine] = rewards[max(place, 1) - 1]
        return difference(scores.reward, baseline)[scores.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverMean:
    """MaxRL (arXiv:2602.02710, unconfirmed).  Â_i = (R_i − mean(R)) / mean(R).

    For rewards of 0 or more; where the mean is not above 0, nothing is learned.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    absolute: ClassVar[bool] = True  # a shift of all rewards changes the mean

    epsilon: float = 1e-6

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        mean = mean_within(scores.reward, scores.group)
        apart = centred_within(scores.reward, scores.group)
        ratio = apart / mean.clamp(min=self.epsilon)
        return torch.where(mean > self.epsilon, ratio, torch.zeros_like(ratio))[scores.row]
