"""Archer (arXiv:2507.15778): a looser clip and no KL penalty on high-entropy tokens."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.domains import SHARE, check
from whet.policy.objective import Objective, Term
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.policy.selections import Not
from whet.protocols.algorithm import Selection
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class HighEntropyInReply(Selection):
    """High-entropy tokens of each rollout: H_n ≥ the rollout's (1 − share)-quantile of H."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})

    share: float = 0.2

    def __post_init__(self) -> None:
        check(self, share=SHARE)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError(
                "HighEntropyInReply needs batch.entropy: take an engine that records entropies"
            )
        order = batch.entropy.argsort(stable=True)
        order = order[batch.row[order].argsort(stable=True)]
        ordered, counts = batch.entropy[order], torch.bincount(batch.row)
        place = (1 - self.share) * (counts - 1).clamp(min=0).double()
        low = place.long()
        high = torch.minimum(low + 1, (counts - 1).clamp(min=0))
        start = counts.cumsum(0) - counts
        under, over = (ordered[start + at] for at in (low, high))
        edge = under + (place - low).to(under) * (over - under)
        return batch.entropy >= edge[batch.row]


def archer(
    *, reasoning: float = 0.5, knowledge: float = 0.2, beta: float = 0.001, share: float = 0.2
) -> Objective:
    """GRPO with clip `reasoning` on high-entropy tokens and `knowledge` on the others.

    The KL penalty applies to low-entropy tokens only.
    """
    thinking = HighEntropyInReply(share=share)
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=knowledge, high=knowledge),
        aggregation=TokenMean(),
        regularisers=(K3(beta=beta),),
        on=Not(of=thinking),
        extra=(
            Term(
                ratio=TokenRatio(),
                clipping=Clipped(low=reasoning, high=reasoning),
                aggregation=TokenMean(),
                on=thinking,
            ),
        ),
    )
