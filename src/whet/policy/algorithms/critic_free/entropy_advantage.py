"""Reasoning with Exploration (arXiv:2506.14758): an entropy term in the advantage."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Clipped
from whet.policy.domains import AT_LEAST_0, Domain, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.protocols.algorithm import Advantage
from whet.types import AdvantageInputs, Need

_KEEPS_SIGN = Domain(lambda x: x > 1, "give more than 1, which keeps the sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyShaped(Advantage):
    """A bonus for high-entropy tokens that never changes the sign of an advantage.

    Â_n ← Â_n + min(α H_n, |Â_n| / κ);  κ > 1 keeps the sign
    """

    per_token: ClassVar[bool] = True
    why_uncentred: ClassVar[str] = "the bonus is never negative"

    inner: Advantage
    alpha: float = 0.4
    kappa: float = 2.0

    def __post_init__(self) -> None:
        check(self, alpha=AT_LEAST_0, kappa=_KEEPS_SIGN)

    @property
    def needs(self) -> frozenset[Need]:
        return self.inner.needs | {Need.ENTROPY}

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        return self.inner.learned(inputs)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.entropy is None:
            raise ValueError(
                "EntropyShaped needs inputs.entropy: take an engine that records entropies"
            )
        plain = self.inner(inputs)
        return plain + torch.minimum(self.alpha * inputs.entropy, plain.abs() / self.kappa)


def entropy_advantage(
    *, low: float = 0.2, high: float = 0.28, alpha: float = 0.4, kappa: float = 2.0
) -> Objective:
    """DAPO with a bonus on the advantage of high-entropy tokens. The α is GRPO's; PPO's is 0.1."""
    return Objective(
        advantage=EntropyShaped(inner=Standardised(), alpha=alpha, kappa=kappa),
        ratio=TokenRatio(),
        clipping=Clipped(low=low, high=high),
        aggregation=TokenMean(),
    )
