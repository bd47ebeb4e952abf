"""Rules: whether a play is branched after an observation, as the policy's entropy tells."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

from whet.protocols import Part
from whet.sampling.structured.growing import check_counts
from whet.sampling.structured.token_scores import entropy_of
from whet.types import Rollout, UsageError


class BranchRule(Part, ABC):
    """Decides at the first reply after an observation whether the play is branched there."""

    __slots__ = ()

    tokens: int  # k: first tokens of a reply whose entropies are averaged

    def initial(self, chains: Sequence[Rollout]) -> float:
        """H_0: the mean entropy of the first k tokens of the chains' first replies, in nats."""
        heard = [self.entropy(chain, 0) for chain in chains if chain.length]
        return sum(heard) / len(heard) if heard else 0.0

    def entropy(self, rollout: Rollout, reply: int) -> float:
        """H_t: the mean entropy of the first k tokens that the policy said in a reply, in nats."""
        said = rollout.spoken[reply]
        known = entropy_of(rollout, "sampling.shape after_tools", "--sampling.shape turn_tree")
        own = known[said][~rollout.external[said]][: self.tokens]
        return float(own.mean()) if len(own) else 0.0

    @abstractmethod
    def __call__(self, rollout: Rollout, reply: int, initial: float, rng: Random) -> bool:
        """Whether other plays begin before reply number `reply`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyRise(BranchRule):
    """Branch if α + β · (H_t − H_0) > τ, with H_t of the reply after the observation.

    It is the rule of ARPO's paper (arXiv:2507.19849), with entropies averaged per token. α and τ
    are its 0.5, so that any rise branches; β is 0.2 to 0.4 there. k is unconfirmed.
    """

    tokens: int = 20
    alpha: float = 0.5
    beta: float = 0.2
    threshold: float = 0.5

    def __post_init__(self) -> None:
        check_counts(1, **{"rule.tokens": self.tokens})

    def __call__(self, rollout: Rollout, reply: int, initial: float, rng: Random) -> bool:
        del rng
        rise = self.entropy(rollout, reply) - initial
        return self.alpha + self.beta * rise > self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class EntropyChance(BranchRule):
    """Branch if u − β · (H − H_0) / log V ≤ τ, with u uniform in [0, 1).

    It is the rule of ARPO's released code: the probability is about 0.5 + 0.2 ΔH, and H is that of
    the reply *before* the observation. That code reads the ten likeliest tokens, and keeps H_0
    of the first request for the whole run; here entropies are whole, and H_0 is the request's.
    """

    tokens: int = 20
    beta: float = 0.2
    threshold: float = 0.5
    vocabulary: int = 151_936  # V; of Qwen2.5

    def __post_init__(self) -> None:
        check_counts(1, **{"rule.tokens": self.tokens})
        check_counts(2, **{"rule.vocabulary": self.vocabulary})
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"sampling.shape.rule.threshold is {self.threshold}; give 0 to 1")

    def __call__(self, rollout: Rollout, reply: int, initial: float, rng: Random) -> bool:
        rise = (self.entropy(rollout, reply - 1) - initial) / log(self.vocabulary)
        return rng.random() - self.beta * rise <= self.threshold
