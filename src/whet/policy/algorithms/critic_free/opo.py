"""OPO: On-Policy RL with Optimal reward baseline (arXiv:2505.23585)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import level, sum_within
from whet.policy.clipping import Linear
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.protocols.algorithm import Advantage
from whet.types import Need, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthWeighted(Advantage):
    """The length-weighted mean reward as baseline.

    Â_n = R_i − Σ_j |y_j| R_j / Σ_j |y_j|  over the group

    It has the least variance if gradients grow with length.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    uncentred: ClassVar[str] = "it sums to 0 over the group's tokens, not over its rollouts"

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        length = torch.bincount(scores.row, minlength=len(scores.group)).to(scores.reward)
        if scores.rollout_weight is not None:
            length = scores.rollout_weight.to(length) * length
        total = sum_within(length, scores.group)
        total = torch.where(total > 0, total, 1.0)
        baseline = sum_within(length * scores.reward, scores.group) / total
        same = level(scores.reward, scores.group, length)
        return (scores.reward - baseline).masked_fill(same, 0.0)[scores.row]


def opo() -> Objective:
    """Exactly on-policy REINFORCE: one update per batch; no ratio, clip, KL or deviation."""
    return Objective(
        advantage=LengthWeighted(),
        ratio=LogLikelihood(),
        clipping=Linear(),
        aggregation=TokenMean(),
    )
