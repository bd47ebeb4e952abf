"""f-divergences as penalties, on tokens that the anchor policy sampled (arXiv:2509.07430)."""

from dataclasses import dataclass
from math import isfinite

from jaxtyping import Float
from torch import Tensor

from whet.policy.arithmetic import exp_residual, linearised
from whet.policy.domains import AT_LEAST_0, Domain, check
from whet.policy.regularisers import ExponentialDivergence

_ALPHA = Domain(
    lambda x: isfinite(x) and x not in (0, 1), "give a finite number other than 0 and 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardKL(ExponentialDivergence):
    """KL(π_a‖π_θ) on tokens that π_a sampled (DPH-RL, arXiv:2509.07430). k = β (e^x − 1 − x)."""

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        return exp_residual(x)


@dataclass(frozen=True, slots=True, kw_only=True)
class JensenShannon(ExponentialDivergence):
    """Jensen–Shannon divergence on tokens that π_a sampled (DPH-RL, arXiv:2509.07430).

    k = β (u log u − (u + 1) log((u + 1)/2)),  u = e^x

    It is computed as 2 e^h (h sinh h − cosh h log cosh h) with h = x/2, and its derivative as
    −u log(1 + (1/u − 1)/2), which keep their digits near x = 0.
    """

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        h = x / 2
        cosh_minus_1 = 2 * (h / 2).sinh() ** 2
        value = 2 * h.exp() * (h * h.sinh() - h.cosh() * cosh_minus_1.log1p())
        return linearised(x, value=value, slope=-x.exp() * ((-x).expm1() / 2).log1p())


@dataclass(frozen=True, slots=True, kw_only=True)
class Alpha(ExponentialDivergence):
    """The α-divergence on tokens that π_a sampled (DPH-RL, arXiv:2509.07430).

    k = β (u^{1−α} − (1 − α) u − α) / (α (α − 1)),  u = e^x

    It is computed in float64. As α → 1 it becomes `ForwardKL`; 0 and 1 themselves are refused.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0, alpha=_ALPHA)

    def of(self, x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
        a, wide = self.alpha, x.double()
        value = exp_residual((1 - a) * wide) - (1 - a) * exp_residual(wide)
        slope = -wide.exp() * (-a * wide).expm1() / a
        return linearised(x, value=(value / (a * (a - 1))).to(x), slope=slope.to(x))
