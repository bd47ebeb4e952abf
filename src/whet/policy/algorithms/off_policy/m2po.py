"""M2PO: Second-Moment Trust Policy Optimization (arXiv:2510.01161)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Unclipped
from whet.policy.corrections import Without
from whet.policy.domains import CAP, check
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.selections import foreseen
from whet.protocols.algorithm import Bounded, Selection
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondSecondMoment(Bounded, Selection):
    """The tokens with the largest (log π_θ/μ)², until the mean of the others is within a budget.

    A token is selected if (log r_n)² > s, with the largest s of which the mean of (log r)² over the
    tokens with (log r)² ≤ s is at most `budget`.  Equal tokens are selected together.  If no token
    alone is within the budget, all are selected.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})

    budget: float = 0.04

    def __post_init__(self) -> None:
        check(self, budget=CAP)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        square = (foreseen(batch) - batch.behaviour_logp).double() ** 2
        if not len(square):
            return torch.zeros_like(batch.row, dtype=torch.bool)
        least = self._least(square, batch.weight.double())
        return square > least

    def _least(self, square: Float[Tensor, " N"], weight: Float[Tensor, " N"]) -> float:
        """The bound s; −1 where no token is within the budget."""
        ordered, order = square.sort()
        weights = weight[order]
        means = (weights * ordered).cumsum(0) / weights.cumsum(0)
        last = torch.ones_like(ordered, dtype=torch.bool)  # of the tokens that are equal
        last[:-1] = ordered[1:] != ordered[:-1]
        within = ordered[last & (means <= self.budget)]
        return within[-1].item() if len(within) else -1.0


def m2po(*, budget: float = 0.04) -> Objective:
    """GRPO without a clip for stale samples: the most extreme tokens are masked.

    The budget is that of the authors' scripts and of AReaL.  The equation is AReaL's, which keeps
    one token where none is within the budget.  The authors' code counts the tokens alone that a
    clip could act on (Â > 0 and r > 1, Â < 0 and r < 1), turns the budget into the bounds of a PPO
    clip, and has at least 0.3 below and 0.5 above.  The paper itself was not read (unconfirmed).
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        corrections=(Without(of=BeyondSecondMoment(budget=budget)),),
    )
