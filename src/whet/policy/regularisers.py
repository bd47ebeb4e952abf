"""Regularisers k(π_θ, π_a): penalties per token for the distance to an anchor policy π_a.

x = log π_θ − log π_a, on tokens sampled from π. The anchor is the reference unless `anchor` is set.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar
from warnings import warn

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import log_ratio
from whet.protocols.algorithm import Regulariser, Selection
from whet.protocols.part import Part
from whet.types import Batch, Need, RunSpec


class Anchor(Part, ABC):
    """The anchor policy π_a that the penalty is measured from."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, batch: Batch) -> Float[Tensor, " N"]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Anchor):
    """The reference model of the run as anchor."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return _reference_logp(batch)


def _reference_logp(batch: Batch) -> Float[Tensor, " N"]:
    if batch.reference_logp is None:
        raise ValueError("this regulariser needs batch.reference_logp: give a reference policy")
    return batch.reference_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class Proximal(Anchor):
    """The policy at the start of the update as anchor."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.proximal_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour(Anchor):
    """The policy that sampled the tokens as anchor."""

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.behaviour_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distance(Regulariser):
    """Base class of penalties β k(x) that depend on x alone."""

    beta: float
    anchor: Anchor = Reference()

    @property
    def needs(self) -> frozenset[Need]:
        return self.anchor.needs

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a penalty without weight, and for the first step's distance of 0."""
        if not self.beta:
            return _weightless(self)
        if not isinstance(self.anchor, Proximal) or spec.minibatches > 1:
            return ""
        return (
            f"{type(self).__name__} has no effect: its anchor is Proximal, minibatches is 1, and "
            "in the first optimizer step of a batch the two policies are equal; give 2 or more"
        )

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return self.beta * self.of(log_ratio(learner_logp, self.anchor(batch)))

    @abstractmethod
    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        """The function k of the log-ratio x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class K1(_Distance):
    """Schulman 2020 (unconfirmed). k = β x: the value of KL(π_θ‖π_a), with expected gradient 0.

    On-policy E[∇x] = 0. So K1 works as a penalty in the reward (`RewardToGo`), but not in the loss.
    """

    standing_warning: ClassVar[str] = "K1 in the loss has an expected gradient of 0; take K2"

    def __post_init__(self) -> None:
        warn(self.standing_warning, stacklevel=3)

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x


@dataclass(frozen=True, slots=True, kw_only=True)
class K2(_Distance):
    """Schulman 2020 (unconfirmed). k = β x² / 2; its gradient is that of KL(π_θ‖π_a)."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x**2 / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class K3(_Distance):
    """Schulman 2020 (unconfirmed), as in GRPO. k = β (e^{−x} − 1 + x).

    Its value estimates KL(π_θ‖π_a); its gradient is that of KL(π_a‖π_θ).
    """

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return _k3(x)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampedK3(_Distance):
    """K3 clamped as in veRL. k = β min(e^{−x} − 1 + x, most); no gradient beyond `most`."""

    most: float = 10.0

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return _k3(x).clamp(max=self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedK3(_Distance):
    """K3 with an importance ratio, TRL's correction. k = β r (e^{−x} − 1 + x), r = π_θ / π_prox.

    With the gradient through r it is that of KL(π_θ‖π_a), even off-policy.
    """

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        r = log_ratio(learner_logp, batch.proximal_logp).exp()
        return self.beta * r * self.of(log_ratio(learner_logp, self.anchor(batch)))

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return _k3(x)


@dataclass(frozen=True, slots=True, kw_only=True)
class K3WithGradientOfK2(_Distance):
    """Value and gradient of KL(π_θ‖π_a), veRL's `low_var_kl+`. k = β (k₂ − sg[k₂] + sg[k₃])."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        k2 = x**2 / 2
        return k2 - k2.detach() + _k3(x).detach()


@dataclass(frozen=True, slots=True, kw_only=True)
class Absolute(_Distance):
    """KL-Cov's penalty in place of a KL (arXiv:2505.22617, unconfirmed). k = β |x|."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x.abs()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardKL(_Distance):
    """KL(π_a‖π_θ) on tokens that π_a sampled (DPH-RL, arXiv:2509.07430). k = β (e^x − 1 − x)."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return x.exp() - 1 - x


@dataclass(frozen=True, slots=True, kw_only=True)
class JensenShannon(_Distance):
    """Jensen–Shannon divergence on tokens that π_a sampled (DPH-RL, arXiv:2509.07430).

    k = β (u log u − (u + 1) log((u + 1)/2)),  u = e^x
    """

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        u = x.exp()
        return u * x - (u + 1) * ((u + 1) / 2).log()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alpha(_Distance):
    """The α-divergence on tokens that π_a sampled (DPH-RL, arXiv:2509.07430).

    k = β (u^{1−α} − (1 − α) u − α) / (α (α − 1)),  u = e^x
    """

    alpha: float = 0.2

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        a, u = self.alpha, x.exp()
        return (((1 - a) * x).exp() - (1 - a) * u - a) / (a * (a - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexK3(Regulariser):
    """ReMix (arXiv:2507.06892, unconfirmed): a convex sum of KL penalties to two policies.

    k = β (λ k3(π_θ, π_ref) + (1 − λ) k3(π_θ, π_prox)),  λ = `share`

    That the estimator is k3 is our choice.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float
    share: float = 1.0

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a penalty without weight."""
        del spec
        return "" if self.beta else _weightless(self)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        far = log_ratio(_reference_logp(batch), learner_logp)
        near = log_ratio(batch.proximal_logp, learner_logp)
        k_far, k_near = far.exp() - 1 - far, near.exp() - 1 - near
        return self.beta * (self.share * k_far + (1 - self.share) * k_near)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyBonus(Regulariser):
    """A bonus for the entropy of the next-token distribution. k = −β H_n, with its gradient."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY_GRADIENT})

    beta: float

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a bonus without weight."""
        del spec
        return "" if self.beta else _weightless(self)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        if batch.learner_entropy is None:
            raise ValueError("EntropyBonus needs batch.learner_entropy, which the learner computes")
        return -self.beta * batch.learner_entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(Regulariser):
    """A penalty on selected tokens only. k = 1[n ∈ S] price_n; denominators count all tokens."""

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


def _weightless(part: Regulariser) -> str:
    name = type(part).__name__
    return f"{name}.beta is 0, so the term has no effect; give more, or leave it out"


def _k3(x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    return (-x).exp() - 1 + x
