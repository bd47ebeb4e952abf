"""Prefix-RFT (arXiv:2507.01679, unconfirmed: read in a third-party port's description)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import difference, sum_within
from whet.policy.clipping import Clipped
from whet.policy.extensions.hints import Hints
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import quantile
from whet.protocols.algorithm import Advantage, Selection
from whet.types import AdvantageInputs, Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixCredit(Advantage):
    """A beginning that others wrote is judged against the rollouts that nobody helped.

    Â_n = R_i − mean(R of the unhelped)  for their tokens and for a beginning;  what the policy
    wrote after a beginning has no group:  Â_n = R_i.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "what follows a beginning has no baseline"
    shift_sensitive: ClassVar[bool] = True
    per_token: ClassVar[bool] = True  # from token to token

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        external = inputs.external
        if external is None:
            external = torch.zeros_like(inputs.row, dtype=torch.bool)
        alone = torch.ones_like(inputs.reward)
        alone[inputs.row[external]] = 0
        if inputs.rollout_weight is not None:
            alone = alone * inputs.rollout_weight.to(alone)
        unhelped = sum_within(alone, inputs.group)
        unhelped = torch.where(unhelped > 0, unhelped, 1.0)
        total = sum_within((inputs.reward * alone).double(), inputs.group)
        mean = (total / unhelped).to(inputs.reward)
        follows = (alone[inputs.row] == 0) & ~external
        return difference(inputs.reward[inputs.row], torch.where(follows, 0.0, mean[inputs.row]))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAndHighEntropy(Selection):
    """Own tokens, and of each beginning the share with the highest entropy."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY, Need.DEMONSTRATIONS})

    share: float = 0.2

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError("this selection needs batch.entropy: the sampler records it")
        if batch.external is None:
            return torch.ones_like(batch.row, dtype=torch.bool)
        chosen = ~batch.external
        for i in batch.row[batch.external].unique():
            mine = batch.external & (batch.row == i)
            chosen |= mine & (batch.entropy >= quantile(batch.entropy[mine], 1 - self.share))
        return chosen


def prefix_rft(*, clip: float = 0.2, share: float = 0.2, steps: int = 500) -> Objective:
    """One rollout of each group begins as a demonstration does; its surprising words are learned.

    Every rollout is told apart by whether it has tokens of others.
    """
    return Objective(
        advantage=PrefixCredit(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        on=PolicyAndHighEntropy(share=share),
        companions=(Hints(steps=steps, after=0.05, parts=0, rollouts=1),),
        why_not_reinforce="most of a beginning is left out",
    )
