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
from whet.types import Batch, Need, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixCredit(Advantage):
    """The baseline is the mean reward of the group's rollouts without a demonstrated prefix.

    Â_n = R_i − mean(R of rollouts without a prefix)

    This holds for the tokens of those rollouts and for demonstrated prefixes. Tokens that the
    policy sampled after a prefix have no baseline: Â_n = R_i.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    uncentred: ClassVar[str] = "tokens after a demonstrated prefix have no baseline"
    absolute: ClassVar[bool] = True
    varies: ClassVar[bool] = True  # from token to token

    def __call__(self, scores: Scores) -> Float[Tensor, " N"]:
        external = scores.external
        if external is None:
            external = torch.zeros_like(scores.row, dtype=torch.bool)
        alone = torch.ones_like(scores.reward)
        alone[scores.row[external]] = 0
        if scores.rollout_weight is not None:
            alone = alone * scores.rollout_weight.to(alone)
        unhelped = sum_within(alone, scores.group)
        unhelped = torch.where(unhelped > 0, unhelped, 1.0)
        total = sum_within((scores.reward * alone).double(), scores.group)
        mean = (total / unhelped).to(scores.reward)
        follows = (alone[scores.row] == 0) & ~external
        return difference(scores.reward[scores.row], torch.where(follows, 0.0, mean[scores.row]))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAndUncertain(Selection):
    """The policy's own tokens, and in each demonstrated prefix the share of highest entropy."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY, Need.DEMONSTRATIONS})

    share: float = 0.2

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError(
                "OwnAndUncertain needs batch.entropy: take an engine that records entropies"
            )
        if batch.external is None:
            return torch.ones_like(batch.row, dtype=torch.bool)
        chosen = ~batch.external
        for i in batch.row[batch.external].unique():
            mine = batch.external & (batch.row == i)
            chosen |= mine & (batch.entropy >= quantile(batch.entropy[mine], 1 - self.share))
        return chosen


def prefix_rft(*, clip: float = 0.2, share: float = 0.2, steps: int = 500) -> Objective:
    """GRPO with one rollout per group that starts with a demonstrated prefix.

    In the prefix only the high-entropy tokens are learned. A rollout counts as prefixed if it has
    external tokens.
    """
    return Objective(
        advantage=PrefixCredit(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        on=OwnAndUncertain(share=share),
        companions=(Hints(steps=steps, after=0.05, parts=0, rollouts=1),),
        departs="most tokens of a demonstrated prefix are left out",
    )
