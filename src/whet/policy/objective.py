"""The one equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )
"""

from dataclasses import dataclass
from math import prod
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor

from whet.types import Batch, Need, Scores

Tokens = Float[Tensor, " N"]


@runtime_checkable
class Advantage(Protocol):
    """Â, of the whole batch before it is sliced."""

    def __call__(self, scores: Scores) -> Tokens: ...


@runtime_checkable
class Ratio(Protocol):
    """r, how far the learner has moved."""

    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


@runtime_checkable
class Clipping(Protocol):
    """f(r, Â), what a token is worth."""

    def __call__(self, ratio: Tokens, advantage: Tokens) -> Tokens: ...


@runtime_checkable
class Aggregation(Protocol):
    """w, made of the totals."""

    def __call__(self, batch: Batch) -> Tokens: ...


@runtime_checkable
class Correction(Protocol):
    """c, a detached weight for what the sampler really did."""

    def __call__(self, batch: Batch) -> Tokens: ...


@runtime_checkable
class Regulariser(Protocol):
    """k, what the policy pays."""

    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An algorithm, as a choice of one part per slot.  Printing it is its run card."""

    advantage: Advantage
    ratio: Ratio
    clipping: Clipping
    aggregation: Aggregation
    corrections: tuple[Correction, ...] = ()
    regularisers: tuple[Regulariser, ...] = ()
    departs: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """−J(θ) of a batch or of any slice of it; slices add up."""
        w = self.aggregation(batch)
        c = prod(correction(batch) for correction in self.corrections)
        f = self.clipping(self.ratio(learner_logp, batch), batch.advantage)
        k = sum(regulariser(learner_logp, batch) for regulariser in self.regularisers)
        return -(w * (c * f - k)).sum()

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Which rollouts have a gradient.  f(r, 0) = 0, so no advantage and no price is no lesson.

        The others still count in the totals; a learner need not compute them.
        """
        if self.regularisers:
            return batch.group >= 0
        hits = batch.row[batch.advantage != 0]
        return batch.group.new_zeros(len(batch.group)).index_fill(0, hits, 1).bool()

    @property
    def needs(self) -> frozenset[Need]:
        """What its parts cannot work without, as they declare it."""
        slots = (self.advantage, self.ratio, self.clipping, self.aggregation)
        parts = (*slots, *self.corrections, *self.regularisers)
        return frozenset().union(*(getattr(part, "needs", frozenset()) for part in parts))
