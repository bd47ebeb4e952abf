"""VESPO: Variational sEquence-level Soft Policy Optimization (arXiv:2602.10693)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import bounded, sum_within
from whet.policy.clipping import Unclipped
from whet.policy.domains import AT_LEAST_0, check
from whet.policy.objective import Objective
from whet.policy.trust_regions import SAMPLED
from whet.protocols.algorithm import Bounded, Ratio
from whet.types import Batch, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaWeighted(Bounded, Ratio):
    """A gamma-shaped weight of the whole rollout's ratio. r_n = sg[φ(W)] log π_θ(n).

    φ(W) = W^k e^{λ (1 − W)},  W = Π_t π_θ(t) / μ(t);  k and λ by the sign of Â_n

    φ(1) = 1.  It falls on both sides of W = k/λ, and nothing is cut off.
    """

    why_unclippable: ClassVar[str] = "its weight is bounded already; take clipping Unclipped"
    silences: ClassVar[bool] = False

    raised_power: float = 2.0  # k where Â ≥ 0
    raised_decay: float = 3.0  # λ where Â ≥ 0
    lowered_power: float = 3.0
    lowered_decay: float = 2.0

    def __post_init__(self) -> None:
        check(self, raised_power=AT_LEAST_0, raised_decay=AT_LEAST_0)
        check(self, lowered_power=AT_LEAST_0, lowered_decay=AT_LEAST_0)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where φ can only be 1, or where every ratio is."""
        exponents = (self.raised_power, self.raised_decay, self.lowered_power, self.lowered_decay)
        if any(exponents):
            return Bounded.run_warning(self, spec)
        return "GammaWeighted has no effect: raised_power and all other exponents are 0; give more"

    def weight(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        """The detached factor φ(W) on each token's gradient."""
        moved = learner_logp.detach() - batch.behaviour_logp
        log_w = bounded(sum_within(moved, batch.row))
        lowered = batch.advantage < 0
        power = torch.full_like(log_w, self.raised_power)
        power = power.masked_fill(lowered, self.lowered_power)
        decay = torch.full_like(log_w, self.raised_decay)
        decay = decay.masked_fill(lowered, self.lowered_decay)
        return (power * log_w - decay * log_w.expm1()).exp()

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.weight(learner_logp, batch) * learner_logp


def vespo() -> Objective:
    """REINFORCE with a soft weight of the rollout's importance ratio, for stale samples.

    k and λ are those of the authors' scripts and of TRL.  The advantage and the mean over tokens
    are those of the authors' code; TRL has them, too.
    """
    return Objective(
        advantage=Standardised(),
        ratio=GammaWeighted(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        why_not_reinforce=SAMPLED,
    )
