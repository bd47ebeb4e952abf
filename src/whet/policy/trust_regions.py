"""Trust regions of single tokens: the gradient of a token that has gone too far is masked.

r_n = π_θ(n) / μ(n), and 0 where the token is outside. μ is the policy that sampled the token, so
that differences between generator and learner count, too. A masked token still counts in every
denominator.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.arithmetic import log_ratio
from whet.policy.domains import BOUND, NUMBER, check
from whet.protocols.algorithm import Bounded, Ratio
from whet.types import Batch, UsageError

SAMPLED = "the ratio is to the policy that sampled the tokens"  # of algorithms with these ratios


class TrustRegion(Bounded, Ratio):
    """Base class of ratios that are 0 outside of a region."""

    __slots__ = ()

    why_unclippable: ClassVar[str] = "it has a trust region of its own; take clipping Unclipped"

    @abstractmethod
    def outside(self, logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        """Mask of the tokens that have left the region, by log π_θ without a gradient."""

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        ratio = log_ratio(learner_logp, batch.behaviour_logp).exp()
        return torch.where(self.outside(learner_logp.detach(), batch), 0.0, ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinTV(TrustRegion):
    """DPPO, binary total variation (arXiv:2602.04879, Eq. 12 and 13): by the change of probability.

    A token is outside if Â_n > 0 and π_θ(n) − μ(n) > high, or Â_n < 0 and μ(n) − π_θ(n) > low.

    |π_θ(n) − μ(n)| is the total variation of the two distributions over {this token, any other}.
    The bound is that of appendix C.1; most larger runs of the paper (appendix E) have 0.2.
    """

    low: float = 0.15
    high: float = 0.15

    def __post_init__(self) -> None:
        check(self, low=BOUND, high=BOUND)

    def outside(self, logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        rise = logp.exp() - batch.behaviour_logp.exp()
        raised, lowered = batch.advantage > 0, batch.advantage < 0
        return (raised & (rise > self.high)) | (lowered & (rise < -self.low))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinKL(TrustRegion):
    """DPPO, binary KL (arXiv:2602.04879, Eq. 12 and 14): by the KL over {this token, any other}.

    D_n = μ log(μ/π_θ) + (1 − μ) log((1 − μ)/(1 − π_θ)),  of the probabilities of token n

    A token is outside if Â_n > 0, π_θ(n) > μ(n) and D_n > high, or Â_n < 0, π_θ(n) < μ(n) and D_n >
    low. The bound is that of all experiments (appendices C.1 and E).
    """

    low: float = 0.05
    high: float = 0.05

    def __post_init__(self) -> None:
        check(self, low=BOUND, high=BOUND)

    def outside(self, logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        moved = logp - batch.behaviour_logp
        divergence = _binary_kl(batch.behaviour_logp, logp)
        raised = (batch.advantage > 0) & (moved > 0)
        lowered = (batch.advantage < 0) & (moved < 0)
        return (raised & (divergence > self.high)) | (lowered & (divergence > self.low))


def _binary_kl(of: Float[Tensor, " N"], to: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """KL(Bernoulli(p) ‖ Bernoulli(q)) of log p and log q; infinite at q = 1 > p, 0 at p = q = 1."""
    rest, other = -of.expm1(), -to.expm1()
    apart = torch.where(rest > 0, rest.log() - other.log(), 0.0)
    return of.exp() * (of - to) + rest * apart


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinLogRatio(TrustRegion):
    """Kimi K2.5 (arXiv:2602.02276, Eq. 1): by the log-ratio, whatever the advantage's sign.

    A token is outside if log r_n < low or log r_n > high.

    The paper prints no bounds; these are IcePop's as in TRL, r from 0.5 to 5 (unconfirmed).
    """

    low: float = log(0.5)
    high: float = log(5.0)

    def __post_init__(self) -> None:
        check(self, low=NUMBER, high=NUMBER)
        if not self.low <= 0 <= self.high:
            raise UsageError(
                f"WithinLogRatio.low is {self.low}, high is {self.high}: r = 1 is outside; "
                "give low of 0 or less, high of 0 or more"
            )

    def outside(self, logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        moved = logp - batch.behaviour_logp
        return (moved < self.low) | (moved > self.high)
