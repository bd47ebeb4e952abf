"""What the mathematics of policy optimization sees: chosen tokens, laid end to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from math import nan
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
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
class Scores:
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
    foreign: Bool[Tensor, " N"] | None = None  # chosen by others: demonstration, hint, memory
    segment: Int[Tensor, " N"] | None = None  # the how-manieth segment (or turn) of its rollout
    state: Int[Tensor, " N"] | None = None  # what its turn answers; equal numbers, equal states

    def where(self, keep: Bool[Tensor, " B"]) -> "Scores":
        """What is known of the rollouts marked in `keep`, in their order."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        of = {"reward": keep, "group": keep, "correct": keep, "truncated": keep, "baseline": keep}
        mine = keep[self.row]
        cut = {k: x[of.get(k, mine)] for k, x in held.items() if isinstance(x, Tensor)}
        return replace(self, **cut | {"row": (keep.cumsum(0) - 1)[self.row[mine]]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sizes of the *global* batch, whatever slice of it one holds; who chose nothing is no row."""

    tokens: int
    rollouts: int
    groups: int


def totals(row: Int[Tensor, " N"], group: Int[Tensor, " B"]) -> Totals:
    """Count tokens, the rollouts that have any, and their groups."""
    return Totals(tokens=len(row), rollouts=len(row.unique()), groups=len(group[row].unique()))


Selection = Callable[..., Bool[Tensor, " N"]]
"""Which of a batch's tokens, of the whole batch before it is split; a value that hashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """A selection's tokens in this slice, and its sizes in the global batch."""

    selection: Selection
    mask: Bool[Tensor, " N"]
    totals: Totals


_PER_ROLLOUT = ("group", "reward", "correct", "mates")
_PER_TOKEN = (
    "advantage",
    "behaviour_logp",
    "proximal_logp",
    "reference_logp",
    "entropy",
    "foreign",
    "learner_logp",
    "slope",
    "learner_entropy",
)


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
    foreign: Bool[Tensor, " N"] | None = None  # chosen by others: demonstration, hint, memory
    reward: Float[Tensor, " B"] | None = None
    correct: Bool[Tensor, " B"] | None = None
    mates: Int[Tensor, " B"] | None = None  # tokens of the whole group, wherever they are
    subsets: tuple[Subset, ...] = ()  # what the objective's terms are about, when not everything
    selected: Totals | None = None  # sizes of the selection that this batch was narrowed to
    learner_logp: Float[Tensor, " N"] | None = None  # log π_θ before this step, no gradient
    slope: Float[Tensor, " N"] | None = None  # ∂L/∂log π, where the whole batch was needed
    learner_entropy: Float[Tensor, " N"] | None = None  # H of π_θ, with its gradient

    def __getitem__(self, rollouts: slice) -> "Batch":
        """The micro-batch of consecutive rollouts; its totals stay those of the whole."""
        keep = torch.zeros(len(self.group), dtype=torch.bool, device=self.group.device)
        keep[rollouts] = True
        return self.where(keep)

    def where(self, keep: Bool[Tensor, " B"]) -> "Batch":
        """The rollouts marked in `keep`, in their order; the totals stay those of the whole."""
        per_rollout = self._each(_PER_ROLLOUT, lambda x: x[keep])
        held = self._tokens(keep[self.row])
        held["row"] = (keep.cumsum(0) - 1)[held["row"]]
        return replace(self, **held, **per_rollout)

    def ordered(self, place: Int[Tensor, " B"]) -> "Batch":
        """The same rollouts in another order: rollout i goes to `place[i]`."""
        order = place[self.row].argsort(stable=True)
        per_rollout = self._each(_PER_ROLLOUT, lambda x: x[place.argsort()])
        held = self._tokens(order)
        return replace(self, **held | {"row": place[self.row][order]}, **per_rollout)

    def counted(self) -> "Batch":
        """A global batch of its own: totals and mates of what is here."""
        groups = int(self.group.max()) + 1 if len(self.group) else 0
        mates = torch.bincount(self.group[self.row], minlength=groups)[self.group]
        return replace(self, totals=totals(self.row, self.group), mates=mates)

    def prepared(self, selections: tuple[Selection, ...]) -> "Batch":
        """With the subsets of these selections, counted while the batch is still whole."""
        masks = ((selection, selection(self)) for selection in selections)
        subsets = tuple(
            Subset(selection=s, mask=m, totals=totals(self.row[m], self.group)) for s, m in masks
        )
        return replace(self, subsets=subsets)

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
        held = self._each(tuple(f.name for f in fields(self)), lambda x: x.to(device))
        subsets = tuple(replace(s, mask=s.mask.to(device)) for s in self.subsets)
        return replace(self, **held, subsets=subsets)

    def _tokens(self, which: Bool[Tensor, " N"] | Int[Tensor, " n"]) -> dict[str, Any]:
        held = self._each(("row", *_PER_TOKEN), lambda x: x[which])
        held["subsets"] = tuple(replace(s, mask=s.mask[which]) for s in self.subsets)
        return held

    def _each(self, names: tuple[str, ...], change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        held = {name: getattr(self, name) for name in names}
        return {name: change(x) for name, x in held.items() if isinstance(x, Tensor)}
