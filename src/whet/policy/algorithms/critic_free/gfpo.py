"""GFPO: Group Filtered Policy Optimization (arXiv:2508.09726)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import (
    centred_within,
    count_within,
    deviation_within,
    mean_within,
    places,
    rounding,
)
from whet.policy.clipping import Clipped
from whet.policy.domains import COUNT, POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3, EntropyBonus
from whet.policy.selections import quantile
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need, RunSpec, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortest:
    """Rank by length, the shortest first."""

    def __call__(self, reward: Float[Tensor, " B"], length: Float[Tensor, " B"]) -> Tensor:
        return -length


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficient:
    """Rank by reward per token, the highest first."""

    def __call__(self, reward: Float[Tensor, " B"], length: Float[Tensor, " B"]) -> Tensor:
        return reward / length.clamp(min=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Keep the same number of rollouts in every group."""

    count: int = 8

    def __post_init__(self) -> None:
        check(self, count=COUNT)

    def __call__(self, inputs: AdvantageInputs) -> Int[Tensor, " B"]:
        return torch.full_like(inputs.group, self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDifficulty:
    """Keep a number of rollouts that depends on the group's difficulty quartile, easiest first.

    The difficulty is 1 − mean(R). Quartiles are those of this batch; the paper's are of a running
    digest.
    """

    counts: tuple[int, int, int, int] = (4, 6, 8, 8)

    def __post_init__(self) -> None:
        if min(self.counts) < 1:
            raise UsageError(f"ByDifficulty.counts is {self.counts}; give numbers of 1 or more")

    def __call__(self, inputs: AdvantageInputs) -> Int[Tensor, " B"]:
        mean = mean_within(inputs.reward.double(), inputs.group)
        first = places(inputs.group).turn == 0
        edges = [quantile(mean[first], share) for share in (0.75, 0.5, 0.25)]
        close = rounding(inputs.reward, torch.zeros_like(inputs.group))
        harder = torch.stack([edge - mean > close for edge in edges]).sum(0)
        return torch.tensor(self.counts, device=mean.device)[harder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered(Advantage):
    """GRPO's advantage among the k rollouts of a group that rank best by `by`; 0 for the others.

    Â_n = (R_i − mean(R)) / (std(R) + ε) over the kept ones, with the population's deviation

    Of equal ranks the earlier rollout is kept. Rollouts that are filtered out stay in the
    denominators, as in the paper's equation 2, where the filter is a factor of Â.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_leaves_differ: ClassVar[str] = "it keeps a fixed number of rollouts of a group"

    keep: Always | ByDifficulty = Always()
    by: Shortest | Efficient = Shortest()
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check(self, epsilon=POSITIVE)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning if the filter keeps all rollouts of a group."""
        kept = min(self.keep.counts) if isinstance(self.keep, ByDifficulty) else self.keep.count
        if not 0 < spec.samples <= kept:
            return ""
        return (
            f"gfpo keeps {kept} of {spec.samples} rollouts per task, which is plain GRPO; "
            f"sample more than {kept}, or keep fewer"
        )

    def kept(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        """The rollouts that are kept and compared."""
        length = torch.bincount(inputs.row, minlength=len(inputs.group)).to(inputs.reward)
        order = (-self.by(inputs.reward, length)).argsort(stable=True)
        rank = torch.empty_like(inputs.group)
        rank[order] = places(inputs.group[order]).turn
        return rank < self.keep(inputs)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        kept = self.kept(inputs)
        group, reward = inputs.group[kept], inputs.reward[kept]
        apart = centred_within(reward, group)
        deviation = deviation_within(apart, group, count_within(group))
        advantage = torch.zeros_like(inputs.reward)
        advantage[kept] = apart / (deviation + self.epsilon)
        return advantage[inputs.row]


def gfpo(
    *, count: int = 8, clip: float = 0.2, beta: float = 0.001, entropy: float = 0.001
) -> Objective:
    """GRPO among the shortest replies of a larger group, which keeps replies concise."""
    return Objective(
        advantage=Filtered(keep=Always(count=count)),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta), EntropyBonus(beta=entropy)),
    )
