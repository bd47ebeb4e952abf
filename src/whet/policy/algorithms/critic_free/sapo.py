"""SAPO: Soft Adaptive Policy Optimization (arXiv:2511.20347)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from whet.policy.advantages import Standardised
from whet.policy.aggregation import SequenceMean
from whet.policy.domains import POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Bounded, Clipping


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftGate(Bounded, Clipping):
    """A sigmoid instead of PPO's clip. f = (4/τ) σ(τ (r − 1)) Â, τ = up where Â > 0, else down."""

    silences: ClassVar[bool] = False

    up: float
    down: float

    def __post_init__(self) -> None:
        check(self, up=POSITIVE, down=POSITIVE)

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        tau = torch.full_like(advantage, self.down).masked_fill(advantage > 0, self.up)
        gate = logsigmoid(tau * (ratio - 1)).exp()  # its slope σ(z) σ(−z) has no 1 − σ(z)
        return 4 / tau * gate * advantage


def sapo(*, up: float = 1.0, down: float = 1.05) -> Objective:
    """GRPO with a sigmoid instead of the clip, so that the gradient fades with the ratio."""
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=SoftGate(up=up, down=down),
        aggregation=SequenceMean(),
    )
