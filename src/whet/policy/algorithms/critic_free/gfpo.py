"""GFPO: Group Filtered Policy Optimization (arXiv:2508.09726)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import centred_within, mean_within, places, rounding
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3, EntropyBonus
from whet.policy.selections import quantile
from whet.protocols.algorithm import Advantage
from whet.types import Circumstances, Need, Scores


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

    def __call__(self, scores: Scores) -> Int[Tensor, " B"]:
        return torch.full_like(scores.group, self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDifficulty:
    """Keep a number of rollouts that depends on the group's difficulty quartile, easiest first.

    The difficulty is 1 − mean(R). Quartiles are those of this batch; the paper's are of a running
    digest.
    """

    counts: tuple[int, int, int, int] = (4, 6, 8, 8)

    def __call__(self, scores: Scores) -> Int[Tensor, " B"]:
        mean = mean_within(scores.reward.double(), scores.group)
        first = places(scores.group).turn == 0
        edges = [quantile(mean[first], share) for share in (0.75, 0.5, 0.25)]
        close = rounding(scores.reward, torch.zeros_like(scores.group))
        harder = torch.stack([edge - mean > close for edge in edges]).sum(0)
        return torch.tensor(self.counts, device=mean.device)[harder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered(Advantage):
    """GRPO's advantage among the k rollouts of a group that rank best by `by`; 0 for the others.

    Â_n = (R_i − mean(R)) / (std(R) + ε) over the kept ones, with the population's deviation

    Of equal ranks the earlier rollout is kept.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    forks: ClassVar[str] = "it keeps a fixed number of rollouts of a group"

    keep: Always | ByDifficulty = Always()
    by: Shortest | Efficient = Shortest()
    epsilon: float = 1e-6

    def doubts(self, circumstances: Circumstances) -> str:
        """A warning if the filter keeps all rollouts of a group."""
        kept = min(self.keep.counts) if isinstance(self.keep, ByDifficulty) else self.keep.count
        if not 0 < circumstances.samples <= kept:
            return ""
        return (
            f"gfpo keeps {kept} of {circumstances.samples} rollouts per task, which is plain GRPO; "
            f"sample more than {kept}, or keep fewer"
        )

    def kept(self, scores: Scores) -> Bool[Tensor, " B"]:
        """The rollouts that are kept and compared."""
        length = torch.bincount(scores.row, minlength=len(scores.group)).to(scores.reward)
        order = (-self.by(scores.reward, length)).argsort(stable=True)
        rank = torch.empty_like(scores.group)
        rank[order] = places(scores.group[order]).turn
        return rank < self.keep(scores)

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        kept = self.kept(scores)
        group, reward = scores.group[kept], scores.reward[kept]
        apart = centred_within(reward, group)
        deviation = mean_within(apart**2, group).sqrt()
        advantage = torch.zeros_like(scores.reward)
        advantage[kept] = apart / (deviation + self.epsilon)
        return advantage[scores.row]


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
