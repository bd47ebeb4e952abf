"""Scores of tokens: how uncertain the policy was before each of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from numpy import ndarray

from whet.protocols import Part
from whet.types import Rollout, UsageError


class Uncertainty(Part, ABC):
    """A score per sampled token; a tree forks before the tokens of the highest scores."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, rollout: Rollout) -> Float[ndarray, " N"]:
        """One score per sampled token, in nats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprisal(Uncertainty):
    """−log μ of the sampled token, which TreeRL's code calls entropy. Every engine returns it."""

    def __call__(self, rollout: Rollout) -> Float[ndarray, " N"]:
        return -rollout.behaviour_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionEntropy(Uncertainty):
    """H of the distribution before the sampled token, as in FR3E (arXiv:2507.07017)."""

    def __call__(self, rollout: Rollout) -> Float[ndarray, " N"]:
        return entropy_of(rollout, "sampling.shape.score distribution_entropy", "surprisal")


def entropy_of(rollout: Rollout, path: str, remedy: str) -> Float[ndarray, " N"]:
    """The entropies of a rollout; raises `UsageError` where the engine returns none."""
    if rollout.entropy is None:
        raise UsageError(f"{path} reads entropies, which the engine does not return; give {remedy}")
    return rollout.entropy
