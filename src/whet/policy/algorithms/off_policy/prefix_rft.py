"""Prefix-RFT (arXiv:2507.01679, unconfirmed: read in a third-party port's description)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.aggregation import SelectedTokenMean
from whet.policy.arithmetic import difference, sum_within
from whet.policy.clipping import Clipped
from whet.policy.domains import SHARE, check
from whet.policy.extensions.hints import Hints
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import quantile
from whet.protocols.algorithm import Advantage, Selection
from whet.types import AdvantageInputs, Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixCredit(Advantage):
    """The baseline is the mean reward of the group's rollouts without a demonstrated prefix.

    Â_n = R_i − mean(R of rollouts without a prefix)

    This holds for the tokens of those rollouts and for demonstrated prefixes. Tokens that the
    policy sampled after a prefix have no baseline: Â_n = R_i.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP})
    why_uncentred: ClassVar[str] = "tokens after a demonstrated prefix have no baseline"
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
    """The policy's own tokens, and in each demonstrated prefix the share of highest entropy."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY, Need.DEMONSTRATIONS})

    share: float = 0.2

    def __post_init__(self) -> None:
        check(self, share=SHARE)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError(
                "PolicyAndHighEntropy needs batch.entropy: take an engine that records entropies"
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

    In the prefix only the high-entropy tokens are learned; the others leave the denominator. A
    rollout counts as prefixed if it has external tokens.
    """
    return Objective(
        advantage=PrefixCredit(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=SelectedTokenMean(),
        on=PolicyAndHighEntropy(share=share),
        companions=(Hints(steps=steps, after=0.05, parts=0, rollouts=1),),
        why_not_reinforce="most tokens of a demonstrated prefix are left out",
    )
