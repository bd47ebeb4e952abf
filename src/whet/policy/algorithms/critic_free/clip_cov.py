"""Clip-Cov, "The Entropy Mechanism of RL for Reasoning" (arXiv:2505.22617, id unconfirmed)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.corrections import Without
from whet.policy.domains import BOUND, NUMBER, SHARE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import covariance, foreseen
from whet.protocols.algorithm import Selection
from whet.types import Batch, Need, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariant(Selection):
    """Random tokens with a high covariance of log-prob and advantage, which lower the entropy most.

    It draws max(⌊share · N⌋, 1) tokens with low < cov_n < high, among those within the clip [1 −
    below, 1 + above]. The draw depends on `seed` and N only.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})
    why_leaves_differ: ClassVar[str] = "it draws a fixed share of the batch's tokens"

    share: float = 2e-4
    low: float = 1.0
    high: float = 5.0
    below: float = 1.0
    above: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check(self, share=SHARE, low=NUMBER, high=NUMBER, below=BOUND, above=BOUND)
        if self.low > self.high:
            raise UsageError(f"Covariant.low is {self.low}, above high {self.high}; give less")

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        cov, moved = covariance(batch), foreseen(batch) - batch.proximal_logp
        ratio, rising = moved.clamp(max=20).exp(), batch.advantage > 0
        clipped = torch.where(rising, ratio > 1 + self.above, ratio < 1 - self.below)
        clipped = clipped & (batch.advantage != 0)
        found = ((cov > self.low) & (cov < self.high) & ~clipped).nonzero()[:, 0]
        rng = torch.Generator().manual_seed(self.seed + len(cov))
        drawn = torch.randperm(len(found), generator=rng)[: max(int(self.share * len(cov)), 1)]
        chosen = torch.zeros_like(rising)
        chosen[found[drawn.to(found.device)]] = True
        return chosen


def clip_cov(*, clip: float = 1.0, share: float = 2e-4, low: float = 1.0) -> Objective:
    """PPO without the gradient of a few random tokens of high covariance, to keep entropy.

    As in the authors' code there is no dual clip.
    """
    chosen = Covariant(share=share, low=low, below=clip, above=clip)
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Clipped(low=clip, high=clip),
        aggregation=TokenMean(),
        corrections=(Without(of=chosen),),
    )
