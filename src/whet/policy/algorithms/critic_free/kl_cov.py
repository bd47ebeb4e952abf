"""KL-Cov, "The Entropy Mechanism of RL for Reasoning" (arXiv:2505.22617, id unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.anchors import Proximal
from whet.policy.clipping import Unclipped
from whet.policy.domains import SHARE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import Absolute, Within
from whet.policy.selections import covariance
from whet.protocols.algorithm import Selection
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class MostCovariant(Selection):
    """The max(⌊share · N⌋, 1) tokens with the largest covariance of log-prob and advantage."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})
    why_leaves_differ: ClassVar[str] = "it takes a fixed share of the batch's tokens"

    share: float = 2e-3

    def __post_init__(self) -> None:
        check(self, share=SHARE)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        order = covariance(batch).argsort(stable=True, descending=True)
        chosen = torch.zeros_like(order, dtype=torch.bool)
        chosen[order[: max(int(self.share * len(order)), 1)]] = True
        return chosen


def kl_cov(*, share: float = 2e-3, beta: float = 1.0) -> Objective:
    """No clip; a KL penalty on the few tokens of highest covariance, which lower the entropy most.

    The share is that of the 7B runs; the 32B ones have 2e-4.
    """
    price = Absolute(beta=beta, anchor=Proximal())
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        regularisers=(Within(of=MostCovariant(share=share), price=price),),
    )
