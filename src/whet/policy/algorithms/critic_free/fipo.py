"""FIPO: Future-KL Influenced Policy Optimization (arXiv:2603.19835)."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import bounded, reward_to_go
from whet.policy.clipping import DualClipped
from whet.policy.domains import BOUND, CAP, SHARE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import foreseen
from whet.protocols.algorithm import Bounded, Correction
from whet.types import Batch, Need, RunSpec

_HARSH = (0.8, 1.0)  # of the weight, where Â < 0 and the ratio is above `harsh`


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureInfluence(Bounded, Correction):
    """The weight of a token by what has become of its continuation.

    c_t = clip(exp(Σ_{s≥t} γ^{s−t} x_s), 1 − low, 1 + high),  x = log π_θ − log π_prox,
    γ = 2^(−1/half_life)

    Tokens with a ratio above `floor` are not summed.  Where Â < 0 and the ratio is above `harsh`,
    c_t is at least 0.8 and at most 1.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})
    silences: ClassVar[bool] = False

    half_life: float = 32.0  # in tokens
    low: float = 0.0
    high: float = 0.2
    floor: float = 10.0
    harsh: float = 10.0

    def __post_init__(self) -> None:
        check(self, half_life=CAP, low=SHARE, high=BOUND, floor=CAP, harsh=CAP)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where the weight can only be 1, or where every ratio is."""
        if self.low or self.high:
            return Bounded.run_warning(self, spec)
        return "FutureInfluence has no effect: low and high are 0; give more than 0"

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        moved = bounded(foreseen(batch) - batch.proximal_logp)
        told = moved.masked_fill(moved > log(self.floor), 0.0)
        future = bounded(reward_to_go(told, batch.row, 2 ** (-1 / self.half_life)))
        weight = future.exp().clamp(1 - self.low, 1 + self.high)
        harsh = (batch.advantage < 0) & (moved > log(self.harsh))
        return torch.where(harsh, weight.clamp(*_HARSH), weight)


def fipo(*, half_life: float = 32.0, low: float = 0.0, high: float = 0.2) -> Objective:
    """DAPO with weights of tokens by their future: a token weighs more if it was followed by more.

    The settings are those of the authors' run with 32 billion weights, of a copy of their code;
    they say that `low` = 0.2 works well with 7 billion.  Their code also leaves out a rollout of
    which the dual clip bounds two tokens or more, "rarely" by their own word, which is left out
    here.
    """
    floor = 10.0
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=DualClipped(low=0.2, high=0.28, floor=floor),
        aggregation=TokenMean(),
        corrections=(FutureInfluence(half_life=half_life, low=low, high=high, floor=floor),),
    )
