"""Transformations of a chain's step rewards before they are placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Protocol, runtime_checkable

from whet.types import UsageError


@runtime_checkable
class StepTransform(Protocol):
    """A function from a chain's step rewards to those that are learned from."""

    def __call__(self, rewards: Sequence[float]) -> list[float]:
        """As many rewards as before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """The rewards unchanged: a chain's return is their sum, so many good steps beat few.

    Steps that say nothing are paid like others, and can earn more than a right answer.
    """

    def __call__(self, rewards: Sequence[float]) -> list[float]:
        return list(rewards)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinForm:
    """PURE (arXiv:2504.15275).  r'_k = w_k r_k,  w = softmax(−r / T): they sum to about min_k r_k.

    T is that of the released code.
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UsageError(f"min_form.temperature is {self.temperature}; give more than 0")

    def __call__(self, rewards: Sequence[float]) -> list[float]:
        least = min(rewards, default=0.0)
        weights = [exp((least - reward) / self.temperature) for reward in rewards]
        return [w / sum(weights) * reward for w, reward in zip(weights, rewards, strict=True)]
