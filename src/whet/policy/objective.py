"""The one equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )

Most algorithms are one such sum; some add further ones, each over some of the tokens (`Term`).
What is no sum over tokens is a `Criterion` of the whole batch (`Whole`).
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.types import Batch, Need, Refusal, Scores, Selection

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


@runtime_checkable
class Criterion(Protocol):
    """A loss of the whole batch that is no weighted sum over its tokens."""

    def __call__(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]: ...


@runtime_checkable
class Companion(Protocol):
    """What an algorithm keeps beside its loss, as a value: a critic, a memory, a controller."""

    gives: ClassVar[frozenset[Need]]  # the needs of others that it meets


@runtime_checkable
class Lossy(Protocol):
    """All that slices of a batch are asked for."""

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """−J(θ)."""
        ...

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Which rollouts have a gradient; a learner need not compute the others."""
        ...


@runtime_checkable
class Algorithm(Lossy, Protocol):
    """All that a run asks of an algorithm."""

    @property
    def advantage(self) -> Advantage: ...

    @property
    def companions(self) -> tuple[Companion, ...]: ...

    @property
    def needs(self) -> frozenset[Need]:
        """What it cannot work without, as its parts declare it."""
        ...

    @property
    def selections(self) -> tuple[Selection, ...]:
        """What the batch has to be prepared for, before it is split."""
        ...

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[Lossy, Batch]:
        """What to compute slice by slice, once π_θ of the whole batch is known (`Need.WHOLE`)."""
        ...


def _declared(parts: tuple[Any, ...], attribute: str, nothing: Any) -> list[Any]:
    return [getattr(part, attribute, nothing) for part in parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
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
        if not (self.regularisers or getattr(self.clipping, "unconditional", False)):
            mine = mine & (batch.advantage != 0)
        hits = batch.row[mine]
        return batch.group.new_zeros(len(batch.group)).index_fill(0, hits, 1).bool()

    @property
    def parts(self) -> tuple[Any, ...]:
        """Everything in its slots."""
        chosen = () if self.on is None else (self.on,)
        slots = (self.ratio, self.clipping, self.aggregation)
        return (*slots, *self.corrections, *self.regularisers, *chosen)

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Its own, and those that its parts look up."""
        own = () if self.on is None else (self.on,)
        return own + tuple(s for of in _declared(self.parts, "selections", ()) for s in of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
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
    departs: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def __post_init__(self) -> None:
        """Refuse what cannot work together, as the parts declare it."""
        varies = getattr(self.advantage, "varies", False)
        for of in self.terms:
            why = getattr(of.ratio, "unclippable", "") if hasattr(of.clipping, "clips") else ""
            why = getattr(of.ratio, "whole", "") if varies and not why else why
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

    @property
    def needs(self) -> frozenset[Need]:
        """What its parts cannot work without, as they declare it."""
        parts = (self.advantage, *(part for term in self.terms for part in term.parts))
        return frozenset().union(*_declared((*parts, *self.companions), "needs", frozenset()))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Of all its terms, each once."""
        return tuple(dict.fromkeys(s for term in self.terms for s in term.selections))

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[Lossy, Batch]:
        """Itself: the selections may look at π_θ, the sums add up as ever."""
        known = replace(batch, learner_logp=learner_logp.detach())
        return self, known.prepared(self.selections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An algorithm that is no sum over tokens: a criterion, and the gradient of it, passed on.

    The gradient with respect to every token's log-prob is computed once, from the log-probs of
    the whole batch; slices then pass it on to the weights (GradCache, arXiv:2101.06983).  Hence
    its micro-batches add up too, at the price of one more forward pass.
    """

    criterion: Criterion
    advantage: Advantage
    companions: tuple[Companion, ...] = ()
    departs: ClassVar[str] = "it is no sum over tokens"

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """Of the whole batch; of a slice it would be something else."""
        return self.criterion(learner_logp, batch)

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Any rollout may."""
        return batch.group >= 0

    @property
    def needs(self) -> frozenset[Need]:
        """The whole batch at once, and what the parts declare."""
        parts = (self.criterion, self.advantage, *self.companions)
        return frozenset({Need.WHOLE}).union(*_declared(parts, "needs", frozenset()))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """None: the criterion sees everything."""
        return ()

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
class Tangent:
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
