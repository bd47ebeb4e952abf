"""What the mathematics of policy optimization sees: chosen tokens, laid end to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from math import nan
from typing import Any, get_args

import torch
from jaxtyping import AbstractArray, Bool, Float, Int, Shaped
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean that knows its denominator, so that means of parts can be joined."""

    total: float = 0.0
    count: float = 0.0

    @property
    def value(self) -> float:
        """Total / count; NaN over nothing."""
        return self.total / self.count if self.count else nan

    def __add__(self, other: "Mean") -> "Mean":
        return Mean(total=self.total + other.total, count=self.count + other.count)


Metrics = Mapping[str, Mean]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvantageInputs:
    """What is known of every rollout before it is learned from; what advantages are made of.

    Columns that nobody asked for are None; a part that needs one declares it (`Need`).
    """

    reward: Float[Tensor, " B"]
    group: Int[Tensor, " B"]  # with whom each rollout is compared
    row: Int[Tensor, " N"]  # the rollout of each token
    correct: Bool[Tensor, " B"] | None = None  # never shaped
    truncated: Bool[Tensor, " B"] | None = None  # cut off at the length limit
    baseline: Float[Tensor, " B"] | None = None  # from outside the group: greedy, tracked
    proximal_logp: Float[Tensor, " N"] | None = None
    reference_logp: Float[Tensor, " N"] | None = None
    entropy: Float[Tensor, " N"] | None = None  # H before each choice, nats
    value: Float[Tensor, " N"] | None = None  # V of the state before each choice
    dense: Float[Tensor, " N"] | None = None  # a reward for each token, besides the outcome's
    external: Bool[Tensor, " N"] | None = None  # chosen by others: demonstration, hint
    version_lag: Int[Tensor, " N"] | None = None  # versions between sampling and learning
    tree_weight: Float[Tensor, " N"] | None = None  # of tokens that leaves of a tree share
    segment: Int[Tensor, " N"] | None = None  # the how-manieth segment (or turn) of its rollout
    state: Int[Tensor, " N"] | None = None  # what its turn answers; equal numbers, equal states

    def where(self, keep: Bool[Tensor, " B"]) -> "AdvantageInputs":
        """What is known of the rollouts marked in `keep`, in their order."""
        mine = keep[self.row]
        per_rollout = _each(self, along("B", type(self)), lambda x: x[keep])
        held = _each(self, along("N", type(self)), lambda x: x[mine])
        held["row"] = (keep.cumsum(0) - 1)[held["row"]]
        return replace(self, **held, **per_rollout)

    @property
    def rollout_weight(self) -> Float[Tensor, " B"] | None:
        """What each rollout counts in a mean over rollouts; None without trees: 1."""
        if self.tree_weight is None:
            return None
        return last_weight(self.row, self.tree_weight, len(self.group))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sizes of the *global* batch, whatever slice of it one holds.

    A rollout without chosen tokens does not count.

    Without trees they are counts.  With trees they are sums of weights: `tree_weight` of tokens,
    `rollout_weight` of rollouts.  A fork stays in its group, so groups are counted as ever.
    """

    tokens: float
    rollouts: float
    groups: int


def totals(
    row: Int[Tensor, " N"], group: Int[Tensor, " B"], weight: Float[Tensor, " N"] | None = None
) -> Totals:
    """Count tokens, the rollouts that have any, and their groups."""
    groups = len(group[row].unique())
    if weight is None:
        return Totals(tokens=len(row), rollouts=len(row.unique()), groups=groups)
    spoke = torch.bincount(row, minlength=len(group)) > 0
    rollouts = last_weight(row, weight, len(group))[spoke].double().sum()
    return Totals(tokens=weight.double().sum().item(), rollouts=rollouts.item(), groups=groups)


def last_weight(
    row: Int[Tensor, " N"], weight: Float[Tensor, " N"], count: int
) -> Float[Tensor, " B"]:
    """A rollout counts as its last token does; 1 where it chose nothing.

    A leaf with a token of its own is a rollout like any other; n leaves that share all their tokens
    are one.
    """
    found = weight.new_ones(count)
    last = torch.ones_like(row, dtype=torch.bool)
    last[:-1] = row[1:] != row[:-1]
    found[row[last]] = weight[last]
    return found


@cache
def along(axis: str, of: type) -> tuple[str, ...]:
    """The columns of a class that are annotated with one axis: "N" tokens, "B" rollouts."""
    return tuple(f.name for f in fields(of) if axis in map(_axes, get_args(f.type) or (f.type,)))


def _axes(annotation: Any) -> str:
    array = isinstance(annotation, type) and issubclass(annotation, AbstractArray)
    return annotation.dim_str if array else ""


def _each(of: Any, names: tuple[str, ...], change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    held = {name: getattr(of, name) for name in names}
    return {name: change(x) for name, x in held.items() if isinstance(x, Tensor)}


Selection = Callable[..., Bool[Tensor, " N"]]
"""Which of a batch's tokens, of the whole batch before it is split; a value that hashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A selection's tokens in this slice, and its sizes in the global batch."""

    selection: Selection
    mask: Bool[Tensor, " N"]
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the mathematics of policy optimization is allowed to see."""

    totals: Totals
    row: Int[Tensor, " N"]  # the rollout of each token
    group: Int[Tensor, " B"]  # the group of each rollout
    advantage: Float[Tensor, " N"]
    behaviour_logp: Float[Tensor, " N"]  # log μ, by the engine that sampled
    proximal_logp: Float[Tensor, " N"]  # log π at the start of the update; μ's unless recomputed
    reference_logp: Float[Tensor, " N"] | None = None
    entropy: Float[Tensor, " N"] | None = None  # H before each choice, by the proximal policy
    external: Bool[Tensor, " N"] | None = None  # chosen by others: demonstration, hint
    version_lag: Int[Tensor, " N"] | None = None  # versions between sampling and learning
    tree_weight: Float[Tensor, " N"] | None = None  # of tokens that leaves of a tree share
    reward: Float[Tensor, " B"] | None = None
    correct: Bool[Tensor, " B"] | None = None
    group_tokens: Shaped[Tensor, " B"] | None = (
        None  # Σ tree_weight of the whole group, wherever it is
    )
    rollout_weight: Float[Tensor, " B"] | None = None  # of each rollout, where there are trees
    subsets: tuple[Subset, ...] = ()  # what the objective's terms are about, when not everything
    selected: Totals | None = None  # sizes of the selection that this batch was narrowed to
    learner_logp: Float[Tensor, " N"] | None = None  # log π_θ before this step, no gradient
    logp_grad: Float[Tensor, " N"] | None = None  # ∂L/∂log π, where the whole batch was needed
    learner_entropy: Float[Tensor, " N"] | None = None  # H of π_θ, with its gradient

    def __getitem__(self, rollouts: slice) -> "Batch":
        """The micro-batch of consecutive rollouts; its totals stay those of the whole."""
        keep = torch.zeros(len(self.group), dtype=torch.bool, device=self.group.device)
        keep[rollouts] = True
        return self.where(keep)

    def where(self, keep: Bool[Tensor, " B"]) -> "Batch":
        """The rollouts marked in `keep`, in their order; the totals stay those of the whole."""
        per_rollout = _each(self, along("B", Batch), lambda x: x[keep])
        held = self._tokens(keep[self.row])
        held["row"] = (keep.cumsum(0) - 1)[held["row"]]
        return replace(self, **held, **per_rollout)

    def ordered(self, place: Int[Tensor, " B"]) -> "Batch":
        """The same rollouts in another order: rollout i goes to `place[i]`."""
        order = place[self.row].argsort(stable=True)
        per_rollout = _each(self, along("B", Batch), lambda x: x[place.argsort()])
        held = self._tokens(order)
        return replace(self, **held | {"row": place[self.row][order]}, **per_rollout)

    def counted(self) -> "Batch":
        """A global batch of its own: totals, group_tokens and rollouts' weights of what is here."""
        groups = int(self.group.max()) + 1 if len(self.group) else 0
        owner, weight = self.group[self.row], self.tree_weight
        group_tokens = torch.bincount(owner, weights=weight, minlength=groups)[self.group]
        sizes = totals(self.row, self.group, weight)
        held = None if weight is None else last_weight(self.row, weight, len(self.group))
        return replace(self, totals=sizes, group_tokens=group_tokens, rollout_weight=held)

    def prepared(self, selections: tuple[Selection, ...]) -> "Batch":
        """With the subsets of these selections, counted while the batch is still whole."""
        return replace(self, subsets=tuple(self._subset(selection) for selection in selections))

    def _subset(self, selection: Selection) -> Subset:
        mask = selection(self)
        weight = None if self.tree_weight is None else self.tree_weight[mask]
        sizes = totals(self.row[mask], self.group, weight)
        return Subset(selection=selection, mask=mask, totals=sizes)

    @property
    def weight(self) -> Float[Tensor, " N"]:
        """What each token counts in a mean over tokens."""
        if self.tree_weight is None:
            return torch.ones_like(self.advantage)
        return self.tree_weight.to(self.advantage)

    @property
    def current(self) -> Bool[Tensor, " N"]:
        """The tokens that the policy chose itself, with the weights that learn, as far as known."""
        own = torch.ones_like(self.row, dtype=torch.bool)
        if self.external is not None:
            own = own & ~self.external
        return own if self.version_lag is None else own & (self.version_lag == 0)

    def narrowed(self, selection: Selection) -> "Batch":
        """Only a selection's tokens; all rollouts stay, and so do the totals of everything."""
        subset = self.subset(selection)
        return replace(self, **self._tokens(subset.mask), selected=subset.totals)

    def subset(self, selection: Selection) -> Subset:
        """A selection's tokens.  Raises `LookupError` where it was not prepared for."""
        found = [s for s in self.subsets if s.selection == selection]
        if not found:
            raise LookupError(f"the batch was not prepared for {selection}: call prepared() first")
        return found[0]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        held = _each(self, tuple(f.name for f in fields(self)), lambda x: x.to(device))
        subsets = tuple(replace(s, mask=s.mask.to(device)) for s in self.subsets)
        return replace(self, **held, subsets=subsets)

    def _tokens(self, which: Bool[Tensor, " N"] | Int[Tensor, " n"]) -> dict[str, Any]:
        held = _each(self, along("N", Batch), lambda x: x[which])
        held["subsets"] = tuple(replace(s, mask=s.mask[which]) for s in self.subsets)
        return held
