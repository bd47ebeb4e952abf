"""The one equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )

Most algorithms are one such sum; some add further ones, each over some of the tokens (`Term`).
What is no sum over tokens is a `Criterion` of the whole batch (`Whole`).
"""

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.sharing import OncePerToken
from whet.protocols.algorithm import (
    Advantage,
    Aggregation,
    Algorithm,
    Clipping,
    Companion,
    Correction,
    Criterion,
    Lossy,
    Ratio,
    Regulariser,
    Selection,
    Sharing,
    Slot,
    Tokens,
)
from whet.protocols.part import Part
from whet.types import Batch, Mean, Metrics, Need, Refusal


def _needed(parts: tuple[Part, ...]) -> frozenset[Need]:
    return frozenset().union(*(part.needs for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Part):
    """One sum over tokens, Σ_n w_n (c_n f(r_n, Â_n) − Σ_k k_n), of those in `on`."""

    ratio: Ratio
    clipping: Clipping
    aggregation: Aggregation
    corrections: tuple[Correction, ...] = ()
    regularisers: tuple[Regulariser, ...] = ()
    on: Selection | None = None  # None: all tokens

    def gain(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """Its part of J(θ), of a batch or of any slice of it; slices add up."""
        if self.on is not None:
            learner_logp = learner_logp[batch.subset(self.on).mask]
            batch = batch.narrowed(self.on)
        w = self.aggregation(batch)
        c = prod(correction(batch) for correction in self.corrections)
        f = self.clipping(self.ratio(learner_logp, batch), batch.advantage)
        k = sum(regulariser(learner_logp, batch) for regulariser in self.regularisers)
        return (w * (c * f - k)).sum()

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """f(r, 0) = 0, so no advantage and no price is no lesson, unless f looks at no advantage.

        The others still count in the totals; a learner need not compute them.
        """
        mine = torch.ones_like(batch.row, dtype=torch.bool)
        if self.on is not None:
            mine = batch.subset(self.on).mask
        if not (self.regularisers or self.clipping.unconditional):
            mine = mine & (batch.advantage != 0)
        hits = batch.row[mine]
        return batch.group.new_zeros(len(batch.group)).index_fill(0, hits, 1).bool()

    def metrics(self, learner_logp: Tokens, batch: Batch) -> Metrics:
        """Of its tokens with an advantage: those at a bound of the clip, and those without weight.

        A token is at a bound where ∂(Σ_m f(r_m, Â_m)) / ∂ log π_n = 0: at the upper one if Â > 0,
        at the lower one (or at the floor of a dual clip) if Â < 0.  Prices k are not looked at.
        """
        if self.on is not None:
            learner_logp = learner_logp[batch.subset(self.on).mask]
            batch = batch.narrowed(self.on)
        at = learner_logp.detach().requires_grad_()
        with torch.enable_grad():
            worth = self.clipping(self.ratio(at, batch), batch.advantage).sum()
        if not worth.requires_grad:  # a sum that is only a price
            return {}
        (slope,) = torch.autograd.grad(worth, at, materialize_grads=True)
        c = prod((correction(batch) for correction in self.corrections), start=at.new_ones(()))
        raised, lowered = batch.advantage > 0, batch.advantage < 0
        count = int((raised | lowered).sum())
        found = {
            "clipped": (raised | lowered) & (slope == 0),
            "clipped_high": raised & (slope == 0),
            "clipped_low": lowered & (slope == 0),
            "masked": (raised | lowered) & (c == 0),
        }
        return {name: Mean(total=int(x.sum()), count=count) for name, x in found.items()}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What fills them."""
        slots = (self.ratio, self.clipping, self.aggregation)
        return (*slots, *self.corrections, *self.regularisers)

    @property
    def needs(self) -> frozenset[Need]:
        """What its parts can't work without."""
        return _needed(self.slots if self.on is None else (*self.slots, self.on))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Its own, and those that its parts look up."""
        own = () if self.on is None else (self.on,)
        return own + tuple(s for part in self.slots for s in part.selections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Algorithm):
    """An algorithm, as a choice of one part per slot.  Printing it is its run card."""

    advantage: Advantage
    ratio: Ratio
    clipping: Clipping
    aggregation: Aggregation
    corrections: tuple[Correction, ...] = ()
    regularisers: tuple[Regulariser, ...] = ()
    on: Selection | None = None  # the tokens of the first sum; None: all
    extra: tuple[Term, ...] = ()  # further sums
    companions: tuple[Companion, ...] = ()
    sharing: Sharing = OncePerToken()  # what a token of a tree weighs
    departs: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def __post_init__(self) -> None:
        """Refuse what cannot work together, as the parts declare it."""
        for of in self.terms:
            why = of.ratio.unclippable if of.clipping.clips else ""
            why = of.ratio.whole if self.advantage.varies and not why else why
            if why:
                raise Refusal(f"ratio is {type(of.ratio).__name__}, {why}")

    @property
    def terms(self) -> tuple[Term, ...]:
        """The sums that J(θ) is made of."""
        first = Term(
            ratio=self.ratio,
            clipping=self.clipping,
            aggregation=self.aggregation,
            corrections=self.corrections,
            regularisers=self.regularisers,
            on=self.on,
        )
        return (first, *self.extra)

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """−J(θ) of a batch or of any slice of it; slices add up."""
        return -torch.stack([term.gain(learner_logp, batch) for term in self.terms]).sum()

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Which rollouts have a gradient."""
        return torch.stack([term.teaches(batch) for term in self.terms]).any(0)

    def metrics(self, learner_logp: Tokens, batch: Batch) -> Metrics:
        """Of all its terms: a token that two of them look at counts twice."""
        told = [found for term in self.terms if (found := term.metrics(learner_logp, batch))]
        names = told[0] if told else ()
        return {name: sum((found[name] for found in told), Mean()) for name in names}

    @property
    def needs(self) -> frozenset[Need]:
        """What its parts cannot work without, as they declare it."""
        return _needed((self.advantage, *self.terms, *self.companions))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Of all its terms, each once."""
        return tuple(dict.fromkeys(s for term in self.terms for s in term.selections))

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[Lossy, Batch]:
        """Itself: the selections may look at π_θ, the sums add up as ever."""
        known = replace(batch, learner_logp=learner_logp.detach())
        return self, known.prepared(self.selections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Algorithm):
    """An algorithm that is no sum over tokens: a criterion, and the gradient of it, passed on.

    The gradient with respect to every token's log-prob is computed once, from the log-probs of
    the whole batch; slices then pass it on to the weights (GradCache, arXiv:2101.06983).  Hence
    its micro-batches add up too, at the price of one more forward pass.
    """

    criterion: Criterion
    advantage: Advantage
    companions: tuple[Companion, ...] = ()
    sharing: Sharing = OncePerToken()
    departs: ClassVar[str] = "it is no sum over tokens"

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """Of the whole batch; of a slice it would be something else."""
        return self.criterion(learner_logp, batch)

    @property
    def needs(self) -> frozenset[Need]:
        """The whole batch at once, and what the parts declare."""
        return _needed((self.criterion, self.advantage, *self.companions)) | {Need.WHOLE}

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[Lossy, Batch]:
        """The tangent of the criterion where the learner stands."""
        at = learner_logp.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.loss(at, batch)
            (slope,) = torch.autograd.grad(loss, at, materialize_grads=True)
        sloped = replace(batch, slope=slope)
        lessons = Tangent(level=0.0).teaches(sloped)[batch.row].sum().item()
        return Tangent(level=loss.item() / lessons if lessons else 0.0), sloped


@dataclass(frozen=True, slots=True, kw_only=True)
class Tangent(Lossy):
    """L ≈ L₀ + Σ_n ∂L/∂log π_n · (log π_θ(n) − log π_n), exact in value and gradient at π_n."""

    level: float  # of the loss, per token of the rollouts that teach

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """A slice's part of the loss, with the gradient that the whole batch gave it."""
        if batch.slope is None:
            raise ValueError("there is no slope: Whole.split() makes it")
        moved = learner_logp - learner_logp.detach()
        lessons = self.teaches(batch)[batch.row].sum()
        return (batch.slope * moved).sum() + self.level * lessons

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Where the slope is not 0."""
        if batch.slope is None:
            raise ValueError("there is no slope: Whole.split() makes it")
        hits = batch.row[batch.slope != 0]
        return batch.group.new_zeros(len(batch.group)).index_fill(0, hits, 1).bool()
