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
class Outward(Selection):
    """The tokens that an update would move further from μ: Â > 0 and π_θ > μ, or Â < 0 and π_θ < μ.

    PPO's clip acts on some of these, and on no others.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return batch.advantage * (foreseen(batch) - batch.behaviour_logp) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondSecondMoment(Bounded, Selection):
    """The tokens with the largest (log π_θ/μ)², until the mean of the others is within a budget.

    A token of `among` is selected if (log r_n)² > s, with the largest s of which the mean of
    (log r)² over the tokens of `among` with (log r)² ≤ s is at most `budget`.  Equal tokens are
    selected together.  If no token alone is within the budget, all are selected.
    """

    silences: ClassVar[bool] = False  # a correction masks them, which `masked` counts

    budget: float = 0.04
    among: Selection = Outward()

    def __post_init__(self) -> None:
        check(self, budget=CAP)

    @property
    def needs(self) -> frozenset[Need]:
        return self.among.needs | {Need.BATCH_LOGP}

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        among = self.among(batch)
        square = (foreseen(batch) - batch.behaviour_logp).double() ** 2
        if not among.any():
            return among
        least = self._least(square[among], batch.weight[among].double())
        return among & (square > least)

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

    The budget and the choice of outward tokens are those of the authors' code, and, by secondary
    notes, of the paper.  AReaL has all tokens (`among=PolicyTokens()`), and keeps one where none is
    within the budget.  The authors' code turns the budget into the bounds of a PPO clip, at least
    0.3 below and 0.5 above; here a token is masked, as the paper writes it.
    """
    return Objective(
        advantage=Standardised(),
        ratio=TokenRatio(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        corrections=(Without(of=BeyondSecondMoment(budget=budget)),),
    )
