"""Selections: which tokens a term of the objective is about.  Made before the batch is split."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.arithmetic import mean_within
from whet.protocols.algorithm import Selection
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct(Selection):
    """The tokens of right rollouts, as the judge counts them; shaping doesn't move them."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.correct is None:
            raise ValueError("this selection needs batch.correct: judge the rollouts")
        return batch.correct[batch.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class External(Selection):
    """The tokens that others chose: demonstrations, hints, forced words."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return _external(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTokens(Selection):
    """The tokens that the policy sampled itself."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~_external(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Both(Selection):
    """What is in the one and in the other."""

    one: Selection
    other: Selection

    @property
    def needs(self) -> frozenset[Need]:
        """What they need."""
        return self.one.needs | self.other.needs

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return self.one(batch) & self.other(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Selection):
    """What is not in it."""

    of: Selection

    @property
    def needs(self) -> frozenset[Need]:
        """What it needs."""
        return self.of.needs

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~self.of(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighEntropy(Selection):
    """The share of tokens with the highest entropy (arXiv:2506.01939).

    H_n ≥ the (1 − share)-quantile of H over the batch, interpolated linearly
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})
    why_leaves_differ: ClassVar[str] = "a quantile is interpolated between so many tokens"

    share: float = 0.2

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError("this selection needs batch.entropy: the sampler records it")
        if not len(batch.row):
            return torch.zeros_like(batch.row, dtype=torch.bool)
        return batch.entropy >= quantile(batch.entropy, 1 - self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowProbability(Selection):
    """The tokens of which the policy was not sure (SPO, arXiv:2505.23564).  π_prox(n) < below."""

    below: float = 0.9

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return batch.proximal_logp.exp() < self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class NonZeroAdvantage(Selection):
    """The tokens that have an advantage: Â_n ≠ 0."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return batch.advantage != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPolicyNegatives(Selection):
    """Bad rollouts that the policy has left behind (DeepSeek-V3.2, arXiv:2512.02556).

    Â_n < 0 and mean over the rollout of log μ − log π_θ > most.
    The paper's bound is not confirmed; 0.05 is the oracle's.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.BATCH_LOGP})

    most: float = 0.05

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        left = batch.behaviour_logp - foreseen(batch)
        gone = mean_within(left, batch.row, batch.tree_weight)
        return (batch.advantage < 0) & (gone > self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale(Selection):
    """Rollouts whose sampler was another policy than the one that learns (ours).

    mean over the rollout of |log π_prox − log μ| > most,  and where the batch knows versions, only
    tokens of an earlier one (version_lag > 0).  Age shows in the log-probs only where the proximal
    ones were computed anew.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PROXIMAL})

    most: float = 0.1

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        apart = (batch.proximal_logp - batch.behaviour_logp).abs()
        moved = mean_within(apart, batch.row, batch.tree_weight) > self.most
        return moved if batch.version_lag is None else moved & (batch.version_lag > 0)


def foreseen(batch: Batch) -> Float[Tensor, " N"]:
    """Log π_θ of the whole batch, before the step (`Need.BATCH_LOGP`)."""
    if batch.learner_logp is None:
        raise ValueError("this selection needs batch.learner_logp: call the objective's split()")
    return batch.learner_logp


def covariance(batch: Batch) -> Float[Tensor, " N"]:
    """(Â_n − mean Â)(log π_θ(n) − mean log π_θ), means over the batch (arXiv:2505.22617,
    unconfirmed): where it is large, entropy falls.
    """
    logp, size = foreseen(batch), batch.totals.tokens or 1
    rise = batch.advantage - (batch.weight * batch.advantage).sum() / size
    return rise * (logp - (batch.weight * logp).sum() / size)


def quantile(x: Tensor, at: float) -> Tensor:
    """Interpolated linearly; of any number of elements, where `torch.quantile` takes 16 million."""
    ordered = x.sort().values
    place = at * (len(x) - 1)
    low = int(place)
    high = min(low + 1, len(x) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _external(batch: Batch) -> Tensor:
    if batch.external is None:
        return torch.zeros_like(batch.row, dtype=torch.bool)
    return batch.external
