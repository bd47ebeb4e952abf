"""PRIME: Process Reinforcement through Implicit Rewards (arXiv:2502.01456)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import LeaveOneOut
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import difference, mean_within, reward_to_go, size_within, sum_within
from whet.policy.clipping import Clipped
from whet.policy.domains import SHARE, check
from whet.policy.extensions.implicit_rewards import ImplicitRewards
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


def _sizes(mean: Float[Tensor, " B"], inputs: AdvantageInputs) -> tuple[Tensor, Tensor]:
    """Size of each rollout's group and sum of the group's means; in a tree, sums of weights."""
    weight = inputs.rollout_weight
    size = size_within(inputs.group, weight)
    return size, sum_within(mean if weight is None else weight.to(mean) * mean, inputs.group)


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersMean:
    """The paper's baseline: r_t − mean_{j≠i}(r̄_j), r̄_j the mean over the tokens of rollout j."""

    def __call__(
        self, dense: Float[Tensor, " N"], mean: Float[Tensor, " B"], inputs: AdvantageInputs
    ) -> Float[Tensor, " N"]:
        size, total = _sizes(mean, inputs)
        theirs = (total - mean) / (size - 1).clamp(min=1)
        return difference(dense, theirs[inputs.row].to(dense))


@dataclass(frozen=True, slots=True, kw_only=True)
class AsReleased:
    """The baseline of the released code: n/(n−1) r_t − Σ_j r̄_j/(n−1).

    It differs from `OthersMean` by (r_t − r̄_i)/(n−1).
    """

    def __call__(
        self, dense: Float[Tensor, " N"], mean: Float[Tensor, " B"], inputs: AdvantageInputs
    ) -> Float[Tensor, " N"]:
        size, total = _sizes(mean, inputs)
        others = (size - 1).clamp(min=1)
        share = total / others
        return difference(dense * (size / others)[inputs.row], share[inputs.row].to(dense))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessAndOutcome(Advantage):
    """Outcome rewards and process rewards, each with a leave-one-out baseline of the group.

    Â_t = Σ_{s≥t} γ^{s−t} (r_s − baseline) + R_i − mean_{j≠i}(R_j)
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.DENSE})
    why_uncentred: ClassVar[str] = "process rewards of single tokens are added"
    per_token: ClassVar[bool] = True  # from token to token

    discount: float = 1.0
    centre: OthersMean | AsReleased = OthersMean()

    def __post_init__(self) -> None:
        check(self, discount=SHARE)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.dense is None:
            raise ValueError("PRIME needs inputs.dense: give it ImplicitRewards")
        mean = torch.zeros_like(inputs.reward)
        mean[inputs.row] = mean_within(inputs.dense, inputs.row)
        process = self.centre(inputs.dense, mean, inputs)
        return reward_to_go(process, inputs.row, self.discount) + LeaveOneOut()(inputs)


def prime(*, clip: float = 0.2, beta: float = 0.05) -> Objective:
    """Token rewards from an implicit reward model, which is trained online on outcomes only.

    The released recipe also weighs, bounds and whitens both rewards; this is the paper's equation.
    """
    return Objective(
        advantage=ProcessAndOutcome(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        companions=(ImplicitRewards(beta=beta),),
    )
