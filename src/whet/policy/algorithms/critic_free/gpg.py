"""GPG: Group Policy Gradient (arXiv:2504.02546)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import centred_within, most_within
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadScaled(Advantage):
    """The group's mean as baseline, scaled up for the groups that teach nothing.

    Â_n = α (R_i − mean(R)),  α = B / (B − M),  M of the B rollouts are in groups of equal rewards

    So the gradient is as large as if only the other groups had been sampled. In a tree B and M are
    sums of the rollouts' weights.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        weight = inputs.rollout_weight
        apart = centred_within(inputs.reward, inputs.group, weight)
        each = torch.ones_like(apart) if weight is None else weight.to(apart)
        teaches = most_within(apart.abs(), inputs.group) > 0
        alpha = each.sum() / torch.where(teaches.any(), (each * teaches).sum(), 1.0)
        return (alpha * apart)[inputs.row]


def gpg() -> Objective:
    """REINFORCE with the group's mean, and no ratio, clip, KL or deviation.

    α, and the mean over all tokens, are those of the authors' code; F_norm is 1, their best.  They
    also sample until 60 % of the rollouts are in groups with a spread, which is a gate's work; with
    `NonZeroSpread` α is 1.  veRL's α is B over the number of rewards other than 0.
    """
    return Objective(
        advantage=SpreadScaled(),
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )
