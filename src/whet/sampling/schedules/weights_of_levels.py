"""Weights of difficulty levels over a run (E2H, arXiv:2506.06632)."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, inf, pi

from whet.protocols import Part
from whet.types import UsageError


class LevelWeights(Part):
    """The weight of every level at a point of the run."""

    __slots__ = ()

    @abstractmethod
    def at(self, progress: float, levels: int) -> Sequence[float]:
        """Weights of levels 0 (the easiest) … K − 1; `progress` is u = step / steps, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianLevelWeights(LevelWeights):
    """E2H-G: w_k = exp(−(k − u^β (K − 1))² / (2 σ²)).

    The centre moves from the easiest level to the hardest. With a β below 1 it moves fast at first,
    so that the easy levels may have too few steps. With a small σ one level is trained on at a
    time. K = 4 with the defaults: u = 0 → .881, .119, 0, 0; u = 1/2 → 0, .064, .767, .169.
    """

    beta: float = 0.5
    sigma: float = 0.5

    def __post_init__(self) -> None:
        for name, value in (("beta", self.beta), ("sigma", self.sigma)):
            if not 0 < value < inf:
                raise UsageError(f"sampling.prompts.by.{name} is {value}; give more than 0")

    def at(self, progress: float, levels: int) -> list[float]:
        centre = progress**self.beta * (levels - 1)
        squares = [(k - centre) ** 2 / (2 * self.sigma**2) for k in range(levels)]
        return [exp(min(squares) - square) for square in squares]


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineLevelWeights(LevelWeights):
    """E2H-C: w_k = α (K − 1 − k) + (1 − α) k, with α = ½ (1 + cos πu).

    From all weight on the easy half to all on the hard half, with all levels alike in the middle.
    The released code takes K − k and k + 1 instead, so that no level ever has weight 0.
    """

    def at(self, progress: float, levels: int) -> list[float]:
        alpha = (1 + cos(pi * progress)) / 2
        return [alpha * (levels - 1 - k) + (1 - alpha) * k for k in range(levels)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicLevelWeights(LevelWeights):
    """Classic curriculum, a control: level ⌊uK⌋ alone, so every level has 1/K of the steps."""

    def at(self, progress: float, levels: int) -> list[float]:
        active = min(int(progress * levels), levels - 1)
        return [float(k == active) for k in range(levels)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancedLevelWeights(LevelWeights):
    """All levels alike at all times, a control: equal mixing, whatever the corpus holds."""

    def at(self, progress: float, levels: int) -> list[float]:
        del progress
        return [1.0] * levels
