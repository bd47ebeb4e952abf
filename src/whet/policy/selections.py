"""Selections: subsets of tokens for terms of the objective, made before the batch is sliced.

Tokens outside a term's selection leave the denominator of `SelectedTokenMean`, and count in that of
`TokenMean`. Rollouts that are kept out of the loss as a whole (`Advantage.learned`, `Group.learn`)
leave every denominator.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.arithmetic import mean_within
from whet.policy.domains import BOUND, SHARE, check
from whet.protocols.algorithm import Selection
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Selection):
    """The tokens of correct rollouts; `correct` is not changed by reward shaping."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.CORRECTNESS})

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.correct is None:
            raise ValueError(
                "Correct needs batch.correct: give the run a reward that sets `correct`"
            )
        return batch.correct[batch.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class External(Selection):
    """External tokens, which the policy did not sample: demonstrations, hints, forced tokens."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return _external(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTokens(Selection):
    """The tokens that the policy sampled."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~_external(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Both(Selection):
    """The intersection of two selections."""

    one: Selection
    other: Selection

    @property
    def needs(self) -> frozenset[Need]:
        return self.one.needs | self.other.needs

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return self.one(batch) & self.other(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Selection):
    """The complement of a selection."""

    of: Selection

    @property
    def needs(self) -> frozenset[Need]:
        return self.of.needs

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~self.of(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighEntropy(Selection):
    """The share of tokens with the highest entropy (arXiv:2506.01939).

    H_n ≥ the (1 − share)-quantile of H over the batch, interpolated linearly
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})
    why_leaves_differ: ClassVar[str] = "its quantile depends on the number of tokens"

    share: float = 0.2

    def __post_init__(self) -> None:
        check(self, share=SHARE)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError("Uncertain needs batch.entropy: take an engine that records entropies")
        if not len(batch.row):
            return torch.zeros_like(batch.row, dtype=torch.bool)
        return batch.entropy >= quantile(batch.entropy, 1 - self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowProbability(Selection):
    """Tokens of low probability (SPO, arXiv:2505.23564). π_prox(n) < below."""

    below: float = 0.9

    def __post_init__(self) -> None:
        check(self, below=SHARE)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return batch.proximal_logp.exp() < self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class NonZeroAdvantage(Selection):
    """Tokens with a non-zero advantage. Â_n ≠ 0."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return batch.advantage != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPolicyNegatives(Selection):
    """Rollouts with Â < 0 that are far off-policy (DeepSeek-V3.2, arXiv:2512.02556).

    Â_n < 0  and  mean over the rollout of log μ − log π_θ > most

    The paper's bound is not confirmed; 0.05 is the oracle's.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})

    most: float = 0.05

    def __post_init__(self) -> None:
        check(self, most=BOUND)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        left = batch.behaviour_logp - foreseen(batch)
        gone = mean_within(left, batch.row, batch.tree_weight)
        return (batch.advantage < 0) & (gone > self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale(Selection):
    """Rollouts sampled by another policy than the current one (ours).

    mean over the rollout of |log π_prox − log μ| > most

    If the batch has versions, only tokens of an older one count (version_lag > 0). Staleness shows
    in log-probs only if the proximal ones were recomputed.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROXIMAL})

    most: float = 0.1

    def __post_init__(self) -> None:
        check(self, most=BOUND)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        apart = (batch.proximal_logp - batch.behaviour_logp).abs()
        moved = mean_within(apart, batch.row, batch.tree_weight) > self.most
        return moved if batch.version_lag is None else moved & (batch.version_lag > 0)


def foreseen(batch: Batch) -> Float[Tensor, " N"]:
    """Log π_θ of the whole batch, before the optimizer step (`Need.BATCH_LOGP`)."""
    if batch.learner_logp is None:
        raise ValueError(
            "this selection needs batch.learner_logp: call the objective's split() first"
        )
    return batch.learner_logp


def covariance(batch: Batch) -> Float[Tensor, " N"]:
    """The covariance of advantage and log-prob per token (arXiv:2505.22617, unconfirmed).

    (Â_n − mean Â)(log π_θ(n) − mean log π_θ),  means over the batch

    Tokens with a large one lower the entropy.
    """
    logp, size = foreseen(batch), batch.totals.tokens
    rise = batch.advantage - (batch.weight * batch.advantage).sum() / size
    return rise * (logp - (batch.weight * logp).sum() / size)


def quantile(x: Tensor, at: float) -> Tensor:
    """The linearly interpolated quantile; `torch.quantile` is limited to 16 million elements."""
    ordered = x.sort().values
    place = at * (len(x) - 1)
    low = int(place)
    high = min(low + 1, len(x) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _external(batch: Batch) -> Tensor:
    if batch.external is None:
        return torch.zeros_like(batch.row, dtype=torch.bool)
    return batch.external
