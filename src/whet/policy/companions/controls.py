"""Companions that change a coefficient or a reference as the run goes on."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from whet.protocols.algorithm import Companion
from whet.types import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyTarget(Companion):
    """An entropy bonus that comes and goes (Skywork-OR1, arXiv:2505.22312).

    It is applied while H ≤ target; after each step the coefficient rises by `delta` where
    H ≤ target and falls by it elsewhere, within [least, most].
    """

    gives: ClassVar[frozenset[Need]] = frozenset()

    target: float = 0.2
    delta: float = 0.005
    first: float = 0.0
    least: float = 0.0
    most: float = 1.0

    def applied(self, coefficient: float, entropy: float) -> float:
        """What the bonus weighs in a step whose entropy is this."""
        return coefficient if entropy <= self.target else 0.0

    def after(self, coefficient: float, entropy: float) -> float:
        """The coefficient of the next step."""
        moved = coefficient + (self.delta if entropy <= self.target else -self.delta)
        return min(max(moved, self.least), self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReset(Companion):
    """The reference becomes the policy of now, and the optimiser forgets, when training accuracy
    has not risen for `patience` steps (ProRL, arXiv:2505.24864; the trigger is ours).
    """

    gives: ClassVar[frozenset[Need]] = frozenset()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    patience: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexKL(Companion):
    """λ(t) = max(1 − 0.1 ⌈max(t − 50, 0) / 10⌉, ½), between two KLs (ReMix, arXiv:2507.06892)."""

    gives: ClassVar[frozenset[Need]] = frozenset()

    begin: int = 50
    every: int = 10
    fall: float = 0.1
    least: float = 0.5

    def share(self, step: int) -> float:
        """λ of a step."""
        return max(1 - self.fall * ceil(max(step - self.begin, 0) / self.every), self.least)
