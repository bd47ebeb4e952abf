"""SAT: Staleness-Adaptive Trust regions (arXiv:2607.18722; secondary notes, unconfirmed)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.arithmetic import log_ratio
from whet.policy.domains import AT_LEAST_0, BOUND, SHARE, check
from whet.policy.objective import BatchLoss
from whet.protocols.algorithm import Aggregation, BatchCriterion, Bounded
from whet.types import Batch, Need, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessAdaptive(Bounded, BatchCriterion):
    """PPO's clip, narrower where the policy has left μ by more than most tokens have.

    L = −Σ_n w_n min(r Â, clip(r, 1 − low κ, 1 + high κ) Â),  r = π_θ/μ,  d = sg[log r]

    The paper contracts the end that r has moved to. The other end is on the far side of 1, where it
    clips nothing, so κ stands at both.
    κ = 1 where |d| ≤ q, else 1/(1 + (|d|/q)^power);  q is the `tail`-quantile of |d| over the
    batch, the smallest |d| that `tail` of the tokens do not exceed.
    """

    low: float = 0.2
    high: float = 0.2
    tail: float = 0.9
    power: float = 2.0
    aggregation: Aggregation = TokenMean()

    def __post_init__(self) -> None:
        check(self, low=BOUND, high=BOUND, tail=SHARE, power=AT_LEAST_0)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where no token can be clipped sooner, or where every ratio is 1."""
        if self.tail < 1 and self.power > 0:
            return Bounded.run_warning(self, spec)
        return (
            f"StalenessAdaptive contracts nothing: tail is {self.tail}, power is {self.power}; "
            "give tail less than 1 and power more than 0, or take another algorithm"
        )

    @property
    def needs(self) -> frozenset[Need]:
        return self.aggregation.needs

    def contraction(self, d: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        """The factor κ of each token."""
        far = d.abs()
        ordered, order = far.sort()
        reached = batch.weight[order].double().cumsum(0)
        enough = reached >= self.tail * reached[-1] * (1 - 1e-12)  # the share, up to rounding
        q = ordered[enough][0]
        stale = (far > q) & (q > 0)
        return torch.where(stale, 1 / (1 + (far / q) ** self.power), 1.0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        if not len(learner_logp):
            return learner_logp.sum()
        x = log_ratio(learner_logp, batch.behaviour_logp)
        d, ratio = x.detach(), x.exp()
        kappa = self.contraction(d, batch)
        bounded = ratio.clamp(1 - self.low * kappa, 1 + self.high * kappa)
        worth = torch.minimum(ratio * batch.advantage, bounded * batch.advantage)
        return -(self.aggregation(batch) * worth).sum()


def sat(*, low: float = 0.2, high: float = 0.2, tail: float = 0.9) -> BatchLoss:
    """GRPO for stale samples: the tokens with the largest log-ratios are clipped sooner.

    A reading of the paper gives the quantile 0.9, a Hill kernel of power 2, 0.2 for both bounds,
    and the end that is contracted.  It does not write the kernel out: 1/(1 + z²) is a Hill
    function's usual form.  The authors' code takes q over a micro-batch; here it is the batch of an
    optimizer step, so that micro-batches add up.  SAT-GSPO has the ratio of a whole rollout.
    """
    return BatchLoss(
        criterion=StalenessAdaptive(low=low, high=high, tail=tail), advantage=Standardised()
    )
