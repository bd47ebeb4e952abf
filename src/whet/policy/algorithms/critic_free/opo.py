"""OPO: On-Policy RL with Optimal reward baseline (arXiv:2505.23585)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import centred_within
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthWeighted(Advantage):
    """The length-weighted mean reward as baseline.

    Â_n = R_i − Σ_j |y_j| R_j / Σ_j |y_j|  over the group

    It has the least variance if gradients grow with length.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "it sums to 0 over the group's tokens, not over its rollouts"

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        length = torch.bincount(inputs.row, minlength=len(inputs.group)).to(inputs.reward)
        if inputs.rollout_weight is not None:
            length = inputs.rollout_weight.to(length) * length
        return centred_within(inputs.reward, inputs.group, length)[inputs.row]


def opo() -> Objective:
    """Exactly on-policy REINFORCE: one update per batch; no ratio, clip, KL or deviation."""
    return Objective(
        advantage=LengthWeighted(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )
