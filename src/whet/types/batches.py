"""The tensors that losses and advantages see: sampled tokens, laid end to end without padding."""

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
    """A mean as sum and denominator, so that the means of micro-batches can be added."""

    total: float = 0.0
    count: float = 0.0

    @property
    def value(self) -> float:
        """The sum divided by the count; NaN where count is 0."""
        return self.total / self.count if self.count else nan

    def __add__(self, other: "Mean") -> "Mean":
        return Mean(total=self.total + other.total, count=self.count + other.count)


Metrics = Mapping[str, Mean]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvantageInputs:
    """Inputs of the advantages: rewards and token columns of all rollouts of a step.

    A column that no part needs is None. A part that needs a column declares it (`Need`).
    """

    reward: Float[Tensor, " B"]
    group: Int[Tensor, " B"]  # index of the group that each rollout is compared in
    row: Int[Tensor, " N"]  # the rollout of each token
    correct: Bool[Tensor, " B"] | None = None  # the verdict's `correct`, without reward shaping
    truncated: Bool[Tensor, " B"] | None = None  # cut off at the length limit
    baseline: Float[Tensor, " B"] | None = None  # from outside the group: greedy, tracked
    proximal_logp: Float[Tensor, " N"] | None = None
    reference_logp: Float[Tensor, " N"] | None = None
    entropy: Float[Tensor, " N"] | None = None  # H of the next-token distribution, nats
    collision: Float[Tensor, " N"] | None = None  # Σ_v π(v)² of the proximal policy
    value: Float[Tensor, " N"] | None = None  # V of the state before each token
    dense: Float[Tensor, " N"] | None = None  # a reward for each token, besides the outcome reward
    external: Bool[Tensor, " N"] | None = None  # not sampled by the policy: demonstration, hint
    version_lag: Int[Tensor, " N"] | None = None  # versions between sampling and learning
    tree_weight: Float[Tensor, " N"] | None = None  # v of tokens that leaves of a tree share
    segment: Int[Tensor, " N"] | None = None  # index of the segment (or turn) within its rollout
    state: Int[Tensor, " N"] | None = None  # id of the state before its turn
    node: Int[Tensor, " N"] | None = None  # number of its node in a tree; None without forks
    tree: Int[Tensor, " B"] | None = None  # number of its tree, which has one root; None as before
    taught: Bool[Tensor, " N"] | None = None  # the policy's tokens that the teacher has scored
    teacher_logp: Float[Tensor, " N"] | None = None  # log π_T; log π of tokens it has not scored
    candidates: Int[Tensor, "N K"] | None = None  # ids of the teacher's K likeliest tokens
    candidate_teacher_logp: Float[Tensor, "N K1"] | None = None  # log π_T, K1 = K + 1: the tail

    def where(self, keep: Bool[Tensor, " B"]) -> "AdvantageInputs":
        """The same inputs for the rollouts marked in `keep`, in their order."""
        mine = keep[self.row]
        per_rollout = _each(self, along("B", type(self)), lambda x: x[keep])
        held = _each(self, along("N", type(self)), lambda x: x[mine])
        held["row"] = (keep.cumsum(0) - 1)[held["row"]]
        return replace(self, **held, **per_rollout)

    @property
    def rollout_weight(self) -> Float[Tensor, " B"] | None:
        """Weight of each rollout in a mean over rollouts. None without trees: every weight is 1."""
        if self.tree_weight is None:
            return None
        return last_weight(self.row, self.tree_weight, len(self.group))


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts of the *global* batch; every minibatch slice carries the same totals.

    A rollout without sampled tokens does not count. With trees the counts of tokens and rollouts
    are sums of weights (`tree_weight`, `rollout_weight`). A fork stays in the group of its parent,
    so groups are counted without weights.
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
    """Weight of each rollout: that of its last token, or 1 where it has no sampled token.

    A leaf with a token of its own therefore weighs as much as a rollout outside a tree, and n
    leaves that share all their tokens weigh as much as one rollout.
    """
    found = weight.new_ones(count)
    last = torch.ones_like(row, dtype=torch.bool)
    last[:-1] = row[1:] != row[:-1]
    found[row[last]] = weight[last]
    return found


@cache
def along(axis: str, of: type) -> tuple[str, ...]:
    """Names of the columns of a class with a given first axis: "N" tokens, "B" rollouts."""
    return tuple(f.name for f in fields(of) if axis in map(_axis, get_args(f.type) or (f.type,)))


def _axis(annotation: Any) -> str:
    array = isinstance(annotation, type) and issubclass(annotation, AbstractArray)
    return annotation.dim_str.partition(" ")[0] if array else ""


def _each(of: Any, names: tuple[str, ...], change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    held = {name: getattr(of, name) for name in names}
    return {name: change(x) for name, x in held.items() if isinstance(x, Tensor)}


Selection = Callable[..., Bool[Tensor, " N"]]
"""A hashable function that marks some tokens of the whole batch, before it is split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """The tokens of a selection in this slice, and their counts in the global batch."""

    selection: Selection
    mask: Bool[Tensor, " N"]
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything that a loss may read: a row per sampled token, and the global totals."""

    totals: Totals
    row: Int[Tensor, " N"]  # the rollout of each token
    group: Int[Tensor, " B"]  # the group of each rollout
    advantage: Float[Tensor, " N"]
    behaviour_logp: Float[Tensor, " N"]  # log μ, by the engine that sampled
    proximal_logp: Float[Tensor, " N"]  # log π at the start of the update; μ's unless recomputed
    reference_logp: Float[Tensor, " N"] | None = None
    entropy: Float[Tensor, " N"] | None = None  # H of the proximal policy, nats
    external: Bool[Tensor, " N"] | None = None  # not sampled by the policy: demonstration, hint
    version_lag: Int[Tensor, " N"] | None = None  # versions between sampling and learning
    tree_weight: Float[Tensor, " N"] | None = None  # v of tokens that leaves of a tree share
    reward: Float[Tensor, " B"] | None = None
    correct: Bool[Tensor, " B"] | None = None
    group_tokens: Shaped[Tensor, " B"] | None = None  # Σ tree_weight of the whole group
    rollout_weight: Float[Tensor, " B"] | None = None  # None without trees
    subsets: tuple[Subset, ...] = ()  # of the selections that the objective's terms use
    selected: Totals | None = None  # totals of the selection that this batch was narrowed to
    learner_logp: Float[Tensor, " N"] | None = None  # log π_θ before this step, no gradient
    logp_grad: Float[Tensor, " N"] | None = None  # ∂L/∂log π of a loss of the whole batch
    learner_entropy: Float[Tensor, " N"] | None = None  # H of π_θ, with its gradient
    observed: "Batch | None" = None  # `observations`, if a part needs them
    taught: Bool[Tensor, " N"] | None = None  # the policy's tokens that a teacher has scored
    candidates: Int[Tensor, "N K"] | None = None  # ids of the teacher's K likeliest tokens
    candidate_teacher_logp: Float[Tensor, "N K1"] | None = None  # log π_T, K1 = K + 1: the tail
    candidate_logp: Float[Tensor, "N K1"] | None = None  # log π_θ of the same, with its gradient

    def __getitem__(self, rollouts: slice) -> "Batch":
        """A micro-batch of consecutive rollouts, with the totals of the whole batch."""
        keep = torch.zeros(len(self.group), dtype=torch.bool, device=self.group.device)
        keep[rollouts] = True
        return self.where(keep)

    def where(self, keep: Bool[Tensor, " B"]) -> "Batch":
        """The rollouts marked in `keep`, in their order, with the totals of the whole batch."""
        per_rollout = _each(self, along("B", Batch), lambda x: x[keep])
        held = self._tokens(keep[self.row])
        held["row"] = (keep.cumsum(0) - 1)[held["row"]]
        held["observed"] = None if self.observed is None else self.observed.where(keep)
        return replace(self, **held, **per_rollout)

    def ordered(self, place: Int[Tensor, " B"]) -> "Batch":
        """The same rollouts in another order: rollout i moves to position `place[i]`."""
        order = place[self.row].argsort(stable=True)
        per_rollout = _each(self, along("B", Batch), lambda x: x[place.argsort()])
        held = self._tokens(order)
        held["row"] = place[self.row][order]
        held["observed"] = None if self.observed is None else self.observed.ordered(place)
        return replace(self, **held, **per_rollout)

    def counted(self) -> "Batch":
        """The same batch as a global one: `totals`, `group_tokens`, `rollout_weight` are
        recomputed, those of `observed`, too.
        """
        groups = int(self.group.max()) + 1 if len(self.group) else 0
        owner, weight = self.group[self.row], self.tree_weight
        group_tokens = torch.bincount(owner, weights=weight, minlength=groups)[self.group]
        sizes = totals(self.row, self.group, weight)
        held = None if weight is None else last_weight(self.row, weight, len(self.group))
        return replace(
            self,
            totals=sizes,
            group_tokens=group_tokens,
            rollout_weight=held,
            observed=None if self.observed is None else self.observed.counted(),
        )

    def prepared(self, selections: tuple[Selection, ...]) -> "Batch":
        """The same batch with the subsets of these selections. Call it before slicing."""
        return replace(self, subsets=tuple(self._subset(selection) for selection in selections))

    def _subset(self, selection: Selection) -> Subset:
        mask = selection(self)
        weight = None if self.tree_weight is None else self.tree_weight[mask]
        sizes = totals(self.row[mask], self.group, weight)
        return Subset(selection=selection, mask=mask, totals=sizes)

    @property
    def weight(self) -> Float[Tensor, " N"]:
        """Weight of each token in a mean over tokens: `tree_weight`, or 1 without trees."""
        if self.tree_weight is None:
            return torch.ones_like(self.advantage)
        return self.tree_weight.to(self.advantage)

    @property
    def current(self) -> Bool[Tensor, " N"]:
        """The tokens that the current weights sampled: neither external nor of an older version."""
        own = torch.ones_like(self.row, dtype=torch.bool)
        if self.external is not None:
            own = own & ~self.external
        return own if self.version_lag is None else own & (self.version_lag == 0)

    def narrowed(self, selection: Selection) -> "Batch":
        """Only the tokens of a selection. All rollouts and the totals of the whole batch stay."""
        subset = self.subset(selection)
        return replace(self, **self._tokens(subset.mask), selected=subset.totals)

    def subset(self, selection: Selection) -> Subset:
        """The tokens of a selection. Raises `LookupError` if it was not prepared."""
        found = [s for s in self.subsets if s.selection == selection]
        if not found:
            raise LookupError(f"the batch was not prepared for {selection}: call prepared() first")
        return found[0]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        held = _each(self, tuple(f.name for f in fields(self)), lambda x: x.to(device))
        subsets = tuple(replace(s, mask=s.mask.to(device)) for s in self.subsets)
        observed = None if self.observed is None else self.observed.to(device)
        return replace(self, **held, subsets=subsets, observed=observed)

    def _tokens(self, which: Bool[Tensor, " N"] | Int[Tensor, " n"]) -> dict[str, Any]:
        held = _each(self, along("N", Batch), lambda x: x[which])
        held["subsets"] = tuple(replace(s, mask=s.mask[which]) for s in self.subsets)
        return held


def observations(
    row: Int[Tensor, " M"],
    group: Int[Tensor, " B"],
    tree_weight: Float[Tensor, " M"] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """The batch of M observation tokens: `row` and `tree_weight` of each, `group` of all rollouts.

    Its totals are of these tokens alone, so that they leave those of the sampled tokens as they
    are. They were not sampled: their advantage is 1, and their log μ is NaN. The learner sets
    `learner_logp`, with its gradient.
    """
    unknown = torch.full(row.shape, nan, dtype=dtype)
    return Batch(
        totals=totals(row, group, tree_weight),
        row=row,
        group=group,
        advantage=torch.ones(row.shape, dtype=dtype),
        behaviour_logp=unknown,
        proximal_logp=unknown,
        tree_weight=tree_weight,
    ).counted()
