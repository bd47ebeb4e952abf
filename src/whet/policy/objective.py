"""The objective as a composition of parts, one per slot of the equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )

Most algorithms are one such sum over tokens (`Objective`). Some add further sums, each over a
subset of the tokens (`Term`). A loss that is not a sum over tokens is a `BatchCriterion` of the
whole batch (`BatchLoss`).
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
    BatchCriterion,
    Clipping,
    Companion,
    Correction,
    Ratio,
    Regulariser,
    Selection,
    Sharing,
    Slot,
    TokenLoss,
    Tokens,
)
from whet.protocols.part import Part
from whet.types import Batch, Mean, Metrics, Need, UsageError

_OF_TEACHERS = frozenset({Need.TEACHER, Need.CANDIDATES})  # a forward pass of a further model


def _needed(parts: tuple[Part, ...]) -> frozenset[Need]:
    return frozenset().union(*(part.needs for part in parts))


def _refuse_unread(companions: tuple[Companion, ...], parts: tuple[Part, ...]) -> None:
    """Raise `UsageError` for a teacher that no part of the loss reads."""
    needed = _needed(parts)
    for companion in companions:
        for need in sorted(companion.provides & _OF_TEACHERS - needed):
            raise UsageError(
                f"objective.companions has {type(companion).__name__}, which gives {need.value}, "
                "but no part of the loss reads them; take the advantage TeacherLogRatio or the "
                "regulariser TeacherDivergence, or leave the companion out"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Part):
    """One sum over the tokens of `on`. Σ_n w_n (c_n f(r_n, Â_n) − Σ_k k_n)."""

    ratio: Ratio
    clipping: Clipping
    aggregation: Aggregation
    corrections: tuple[Correction, ...] = ()
    regularisers: tuple[Regulariser, ...] = ()
    on: Selection | None = None  # None: all tokens

    def gain(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """The term's part of J(θ), of a batch or of a slice; slices add up."""
        c = self._correction(batch)
        if self.on is not None:
            learner_logp = learner_logp[batch.subset(self.on).mask]
            batch = batch.narrowed(self.on)
        w = self.aggregation(batch)
        f = self.clipping(self.ratio(learner_logp, batch), batch.advantage)
        k = sum(regulariser(learner_logp, batch) for regulariser in self.regularisers)
        return (w * (c * f - k)).sum()

    def _correction(self, batch: Batch) -> Tokens | int:
        """The product of the corrections, for the tokens of `on`; 1 without corrections."""
        if self.on is None:
            return prod(correction(batch) for correction in self.corrections)
        mask, narrowed = batch.subset(self.on).mask, batch.narrowed(self.on)
        return prod(
            correction(batch)[mask] if correction.of_whole_rollouts else correction(narrowed)
            for correction in self.corrections
        )

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Rollouts with a token of non-zero gradient.

        A token with Â = 0 has none, because f(r, 0) = 0, unless there is a regulariser or f ignores
        the advantage. The other rollouts still count in the totals, but a learner may skip them.
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
        c = self._correction(batch)
        if self.on is not None:
            learner_logp = learner_logp[batch.subset(self.on).mask]
            batch = batch.narrowed(self.on)
        at = learner_logp.detach().requires_grad_()
        with torch.enable_grad():
            worth = self.clipping(self.ratio(at, batch), batch.advantage).sum()
        if not worth.requires_grad:  # a sum that is only a price
            return {}
        (logp_grad,) = torch.autograd.grad(worth, at, materialize_grads=True)
        raised, lowered = batch.advantage > 0, batch.advantage < 0
        count = int((raised | lowered).sum())
        found = {
            "clipped": (raised | lowered) & (logp_grad == 0),
            "clipped_high": raised & (logp_grad == 0),
            "clipped_low": lowered & (logp_grad == 0),
            "masked": (raised | lowered) & (at.new_ones(()) * c == 0),
        }
        return {name: Mean(total=int(x.sum()), count=count) for name, x in found.items()}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The parts that fill the term's slots."""
        slots = (self.ratio, self.clipping, self.aggregation)
        return (*slots, *self.corrections, *self.regularisers)

    @property
    def needs(self) -> frozenset[Need]:
        return _needed(self.slots if self.on is None else (*self.slots, self.on))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The selection `on`, and those that the parts read."""
        own = () if self.on is None else (self.on,)
        return own + tuple(s for part in self.slots for s in part.selections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Algorithm):
    """An algorithm as one part per slot, and optional further terms."""

    advantage: Advantage
    ratio: Ratio
    clipping: Clipping
    aggregation: Aggregation
    corrections: tuple[Correction, ...] = ()
    regularisers: tuple[Regulariser, ...] = ()
    on: Selection | None = None  # tokens of the first term; None: all
    extra: tuple[Term, ...] = ()  # further terms
    companions: tuple[Companion, ...] = ()
    sharing: Sharing = OncePerToken()  # weight of a token in a tree of rollouts
    why_not_reinforce: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def __post_init__(self) -> None:
        """Refuse combinations that the parts declare to be impossible."""
        for of in self.terms:
            why = of.ratio.why_unclippable if of.clipping.clips else ""
            why = of.ratio.why_sequence_level if self.advantage.per_token and not why else why
            if why:
                raise UsageError(f"ratio is {type(of.ratio).__name__}: {why}")
        _refuse_unread(self.companions, (self.advantage, *self.terms))

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that J(θ) is the sum of."""
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
        """The loss −J(θ) of a batch or of a slice; slices add up."""
        return -torch.stack([term.gain(learner_logp, batch) for term in self.terms]).sum()

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Rollouts with a gradient in some term."""
        return torch.stack([term.has_gradient(batch) for term in self.terms]).any(0)

    def metrics(self, learner_logp: Tokens, batch: Batch) -> Metrics:
        """Of all its terms: a token that two of them look at counts twice."""
        told = [found for term in self.terms if (found := term.metrics(learner_logp, batch))]
        names = dict.fromkeys(name for found in told for name in found)
        return {name: sum((found.get(name, Mean()) for found in told), Mean()) for name in names}

    @property
    def needs(self) -> frozenset[Need]:
        return _needed((self.advantage, *self.terms, *self.companions))

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The distinct selections of all terms."""
        return tuple(dict.fromkeys(s for term in self.terms for s in term.selections))

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[TokenLoss, Batch]:
        """The objective itself, and the batch with its selections' subsets, which may read π_θ."""
        known = replace(batch, learner_logp=learner_logp.detach())
        return self, known.prepared(self.selections)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLoss(Algorithm):
    """An algorithm with a criterion of the whole batch as loss, instead of a sum over tokens.

    The gradient with respect to every token's log-prob is computed once, from the log-probs of the
    whole batch. Micro-batches then back-propagate it to the weights (GradCache, arXiv:2101.06983).
    So micro-batches add up here too, at the cost of one further forward pass.
    """

    criterion: BatchCriterion
    advantage: Advantage
    companions: tuple[Companion, ...] = ()
    sharing: Sharing = OncePerToken()
    why_not_reinforce: ClassVar[str] = "the loss is not a sum over tokens"

    def __post_init__(self) -> None:
        """Refuse a teacher that the criterion does not read."""
        _refuse_unread(self.companions, (self.criterion, self.advantage))

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """The criterion of the whole batch. It is not additive over slices."""
        return self.criterion(learner_logp, batch)

    @property
    def needs(self) -> frozenset[Need]:
        return _needed((self.criterion, self.advantage, *self.companions)) | {Need.BATCH_LOGP}

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[TokenLoss, Batch]:
        """A linear loss with the gradient of the criterion at the present weights."""
        at = learner_logp.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.loss(at, batch)
            (logp_grad,) = torch.autograd.grad(loss, at, materialize_grads=True)
        linear = replace(batch, logp_grad=logp_grad)
        with_gradient = _with_gradient(linear)[batch.row].sum().item()
        return LinearisedLoss(level=loss.item() / with_gradient if with_gradient else 0.0), linear


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearisedLoss(TokenLoss):
    """The linearised loss L₀ + Σ_n ∂L/∂log π_n · (log π_θ(n) − log π_n).

    At log π_n its value and gradient are those of L, and it adds up over slices.
    """

    level: float  # L₀ per token of the rollouts with a gradient

    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """A slice's part of the loss, with the gradient from the whole batch."""
        if batch.logp_grad is None:
            raise ValueError("batch.logp_grad is missing: call BatchLoss.split() first")
        moved = learner_logp - learner_logp.detach()
        with_gradient = _with_gradient(batch)[batch.row].sum().to(learner_logp)
        return (batch.logp_grad * moved).sum() + self.level * with_gradient

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Rollouts with a token of non-zero gradient."""
        return _with_gradient(batch)


def _with_gradient(batch: Batch) -> Bool[Tensor, " B"]:
    if batch.logp_grad is None:
        raise ValueError("batch.logp_grad is missing: call BatchLoss.split() first")
    hits = batch.row[batch.logp_grad != 0]
    return batch.group.new_zeros(len(batch.group)).index_fill(0, hits, 1).bool()
