"""The one equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from jaxtyping import Bool, Float
from torch import Tensor

from whet.types import Batch, Need, Scores

Advantage = Callable[[Scores], Float[Tensor, " N"]]  # Â
Aggregation = Callable[[Batch], Float[Tensor, " N"]]  # w
Correction = Callable[[Batch], Float[Tensor, " N"]]  # c
Ratio = Callable[[Float[Tensor, " N"], Batch], Float[Tensor, " N"]]  # r
Clipping = Callable[[Float[Tensor, " N"], Float[Tensor, " N"]], Float[Tensor, " N"]]  # f
Regulariser = Callable[[Float[Tensor, " N"], Batch], Float[Tensor, " N"]]  # k


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

    def loss(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
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
