"""Regularisers k(π_θ, π_a): penalties per token for the distance to an anchor policy π_a.

x = log π_θ − log π_a, on tokens sampled from π. The anchor is the reference unless `anchor` is set.

A penalty with e^x or e^−x saturates: beyond |x| = 20 it has the value and the slope that it has at
20. `SaturatingPenalty.saturated` marks those tokens.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar
from warnings import warn

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.anchors import Anchor, Reference, reference_logp
from whet.policy.arithmetic import bounded, exp_residual, linearised, log_ratio, saturated
from whet.policy.domains import AT_LEAST_0, CAP, FINITE, SHARE, check
from whet.protocols.algorithm import Regulariser, Selection
from whet.types import Batch, Need, RunSpec


class SaturatingPenalty(Regulariser):
    """A penalty with a bounded exponential: some tokens pay, and pull, less than its equation."""

    __slots__ = ()

    @abstractmethod
    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        """Mask of the tokens beyond the bound, for counting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence(Regulariser):
    """Base class of penalties β k(x) that depend on x alone; exact for every x."""

    beta: float
    anchor: Anchor = Reference()

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0)

    @property
    def needs(self) -> frozenset[Need]:
        return self.anchor.needs

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a penalty without weight, and for the first step's distance of 0."""
        if not self.beta:
            return _weightless(self)
        if not self.anchor.begins_equal or spec.minibatches > 1 or spec.replays:
            return ""
        return (
            f"{type(self).__name__} has no effect: its anchor is {type(self.anchor).__name__}, "
            "minibatches is 1, and in the first optimizer step of a batch the two policies are "
            "equal; give 2 or more"
        )

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta * self.of(learner_logp - self.anchor(batch))

    @abstractmethod
    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        """The function k of the log-ratio x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialDivergence(Divergence, SaturatingPenalty):
    """Base class of penalties with an exponential of x, which saturate beyond |x| = 20."""

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta * self.of(log_ratio(learner_logp, self.anchor(batch)))

    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        return saturated(learner_logp - self.anchor(batch))


@dataclass(frozen=True, slots=True, kw_only=True)
class K1(Divergence):
    """Schulman 2020 (unconfirmed). k = β x: the value of KL(π_θ‖π_a), with expected gradient 0.

    On-policy E[∇x] = 0. So K1 works as a penalty in the reward (`RewardToGo`), but not in the loss.
    """

    standing_warning: ClassVar[str] = "K1 in the loss has an expected gradient of 0; take K2"

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0)
        warn(self.standing_warning, stacklevel=3)

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x


@dataclass(frozen=True, slots=True, kw_only=True)
class K2(Divergence):
    """Schulman 2020 (unconfirmed). k = β x² / 2; its gradient is that of KL(π_θ‖π_a)."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x**2 / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class K3(ExponentialDivergence):
    """Schulman 2020 (unconfirmed), as in GRPO. k = β (e^{−x} − 1 + x).

    Its value estimates KL(π_θ‖π_a); its gradient is that of KL(π_a‖π_θ).
    """

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return exp_residual(-x)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampedK3(ExponentialDivergence):
    """K3 clamped as in veRL. k = β min(e^{−x} − 1 + x, most); no gradient beyond `most`."""

    most: float = 10.0

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0, most=CAP)

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return exp_residual(-x).clamp(max=self.most)

    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        """Mask of the tokens whose penalty is at `most`, which have no gradient."""
        return exp_residual(-log_ratio(learner_logp, self.anchor(batch))) > self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedK3(ExponentialDivergence):
    """K3 with an importance ratio, TRL's correction. k = β r (e^{−x} − 1 + x), r = π_θ / π_prox.

    The gradient β r x, which has a part through r, is that of KL(π_θ‖π_a), even off-policy.
    """

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        r = log_ratio(learner_logp, batch.proximal_logp).exp()
        x = log_ratio(learner_logp, self.anchor(batch))
        return self.beta * linearised(learner_logp, value=r * self.of(x), slope=r * x)

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return exp_residual(-x)

    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        anchor = self.anchor(batch)
        return saturated(learner_logp - batch.proximal_logp) | saturated(learner_logp - anchor)


@dataclass(frozen=True, slots=True, kw_only=True)
class K3WithGradientOfK2(ExponentialDivergence):
    """Value and gradient of KL(π_θ‖π_a), veRL's `low_var_kl+`. k = β (k₂ − sg[k₂] + sg[k₃]).

    Only the value saturates; the gradient β x is exact for every x.
    """

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta * self.of(learner_logp - self.anchor(batch))

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return linearised(x, value=exp_residual(-bounded(x)), slope=x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absolute(Divergence):
    """KL-Cov's penalty in place of a KL (arXiv:2505.22617, unconfirmed). k = β |x|."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x.abs()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexK3(SaturatingPenalty):
    """ReMix (arXiv:2507.06892, unconfirmed): a convex sum of KL penalties to two policies.

    k = β (λ k3(π_θ, π_ref) + (1 − λ) k3(π_θ, π_prox)),  λ = `share`

    That the estimator is k3 is our choice.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float
    share: float = 1.0

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0, share=SHARE)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a penalty without weight."""
        del spec
        return "" if self.beta else _weightless(self)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        far = exp_residual(log_ratio(reference_logp(batch), learner_logp))
        near = exp_residual(log_ratio(batch.proximal_logp, learner_logp))
        return self.beta * (self.share * far + (1 - self.share) * near)

    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        far = saturated(learner_logp - reference_logp(batch)) & (self.share > 0)
        return far | (saturated(learner_logp - batch.proximal_logp) & (self.share < 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyBonus(Regulariser):
    """A bonus for the entropy of the next-token distribution. k = −β H_n, with its gradient."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY_GRADIENT})

    beta: float

    def __post_init__(self) -> None:
        check(self, beta=FINITE)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a bonus without weight."""
        del spec
        return "" if self.beta else _weightless(self)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        if batch.learner_entropy is None:
            raise ValueError("EntropyBonus needs batch.learner_entropy, which the learner computes")
        return -self.beta * batch.learner_entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(SaturatingPenalty):
    """A penalty on selected tokens only. k = 1[n ∈ S] price_n; denominators count all tokens.

    So KL-Cov (arXiv:2505.22617) divides the penalty of few tokens by the number of all.
    """

    of: Selection
    price: Regulariser

    @property
    def needs(self) -> frozenset[Need]:
        return self.of.needs | self.price.needs

    @property
    def selections(self) -> tuple[Selection, ...]:
        return (self.of,)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return torch.where(batch.subset(self.of).mask, self.price(learner_logp, batch), 0.0)

    def saturated(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Bool[Tensor, " N"]:
        if not isinstance(self.price, SaturatingPenalty):
            return torch.zeros_like(batch.row, dtype=torch.bool)
        return batch.subset(self.of).mask & self.price.saturated(learner_logp, batch)


def _weightless(part: Regulariser) -> str:
    name = type(part).__name__
    return f"{name}.beta is 0, so the term has no effect; give more, or leave it out"
