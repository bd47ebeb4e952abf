"""Preference losses, which compare whole replies: DPO, IPO, SimPO, KTO.

A batch has no given pairs: every correct rollout of a group is preferred to every wrong one.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import logsigmoid

from whet.policy.arithmetic import places, rectangle
from whet.policy.domains import AT_LEAST_0, FINITE, POSITIVE, check
from whet.protocols.algorithm import BatchCriterion
from whet.protocols.part import Part
from whet.types import Batch, Need, UsageError

Replies = Float[Tensor, " B"]


def _sums(x: Float[Tensor, " N"], batch: Batch) -> Replies:
    """The sum over each rollout; 0 for a rollout without sampled tokens."""
    sums = rectangle(x, places(batch.row)).sum(1)
    return torch.cat([sums, sums.new_zeros(len(batch.group) - len(sums))])


def _lengths(batch: Batch) -> Int[Tensor, " B"]:
    return torch.bincount(batch.row, minlength=len(batch.group))


def _means(x: Float[Tensor, " N"], batch: Batch) -> Replies:
    total = _sums(batch.weight, batch)
    return _sums(batch.weight * x, batch) / torch.where(total > 0, total, 1.0)


def _reference(batch: Batch) -> Float[Tensor, " N"]:
    if batch.reference_logp is None:
        raise ValueError("this score needs batch.reference_logp: give a reference policy")
    return batch.reference_logp


def _judged(batch: Batch) -> tuple[Bool[Tensor, " B"], Bool[Tensor, " B"]]:
    """Masks of the correct and of the wrong rollouts among those with sampled tokens."""
    if batch.correct is None:
        raise ValueError(
            "preferences need batch.correct: give the run a reward that sets `correct`"
        )
    said = _lengths(batch) > 0
    return batch.correct & said, ~batch.correct & said


def _weights(batch: Batch) -> Replies:
    """The weight of each rollout, 1 without trees."""
    if batch.rollout_weight is None:
        return batch.advantage.new_ones(len(batch.group))
    return batch.rollout_weight.to(batch.advantage)


def _mean(x: Float[Tensor, " n"], weight: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """The weighted mean; 0 for total weight 0."""
    total = weight.sum()
    return (x * weight).sum() / torch.where(total > 0, total, 1.0)


def _sigmoid(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """σ(x), with the slope σ(x) σ(−x): σ(x) (1 − σ(x)) is 0 in float32 beyond x = 17."""
    return logsigmoid(x).exp()


def pairs(batch: Batch) -> tuple[Int[Tensor, " P"], Int[Tensor, " P"]]:
    """Indices of correct and of wrong rollouts, one entry per pair within a group."""
    right, wrong = _judged(batch)
    same = batch.group[:, None] == batch.group[None, :]
    better, worse = (same & right[:, None] & wrong[None, :]).nonzero(as_tuple=True)
    return better, worse


class ReplyScore(Part, ABC):
    """The score h of every reply."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Replies: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SumLogRatio(ReplyScore):
    """DPO's implicit reward (arXiv:2305.18290). h = β Σ_n (log π_θ − log π_ref)(n)."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 0.1

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Replies:
        return self.beta * _sums(learner_logp - _reference(batch), batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLogRatio(ReplyScore):
    """TRL's IPO: the mean log-ratio of a reply. h = β/|y| Σ_n (log π_θ − log π_ref)(n)."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    beta: float = 1.0

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Replies:
        return self.beta * _means(learner_logp - _reference(batch), batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLikelihood(ReplyScore):
    """SimPO (arXiv:2405.14734): the mean log-likelihood. h = β/|y| Σ_n log π_θ(n)."""

    beta: float = 2.5

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Replies:
        return self.beta * _means(learner_logp, batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """The logistic loss of DPO, with label smoothing s and a margin.

    ℓ(d) = −(1 − s) log σ(d − margin) − s log σ(margin − d)
    """

    smoothing: float = 0.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        check(self, margin=FINITE)
        if not 0 <= self.smoothing < 1 / 2:
            raise UsageError(
                f"Logistic.smoothing is {self.smoothing}; give 0 or more, less than 0.5"
            )

    def __call__(self, difference: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        d = difference - self.margin
        return -(1 - self.smoothing) * logsigmoid(d) - self.smoothing * logsigmoid(-d)


@dataclass(frozen=True, slots=True, kw_only=True)
class Squared:
    """The squared loss of IPO (arXiv:2310.12036). ℓ(d) = (d − 1/(2τ))²."""

    tau: float = 0.1

    def __post_init__(self) -> None:
        if not self.tau > 0:
            raise UsageError(f"Squared.tau is {self.tau}; give more than 0")

    def __call__(self, difference: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        return (difference - 1 / (2 * self.tau)) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseLoss(BatchCriterion):
    """L = mean over all pairs of ℓ(h_correct − h_wrong); 0 without pairs."""

    why_unweighted: ClassVar[str] = "it reads which replies are correct, and no advantage"

    score: ReplyScore
    link: Logistic | Squared

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({Need.GROUP, Need.PAIRS, Need.CORRECTNESS}) | self.score.needs

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        better, worse = pairs(batch)
        h = self.score(learner_logp, batch)
        weight = _weights(batch)
        return _mean(self.link(h[better] - h[worse]), weight[better] * weight[worse])


@dataclass(frozen=True, slots=True, kw_only=True)
class KLAnchor:
    """KTO's z₀ from the batch. z₀ = max(mean_i Σ_n (log π_θ − log π_ref)(n), 0), detached."""

    def __call__(self, moved: Replies, among: Replies) -> Float[Tensor, ""]:
        return _mean(moved.detach(), among).clamp(min=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAnchor:
    """A constant z₀ = value."""

    value: float = 0.0

    def __post_init__(self) -> None:
        check(self, value=FINITE)

    def __call__(self, moved: Replies, among: Replies) -> Float[Tensor, ""]:
        return moved.new_tensor(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired(BatchCriterion):
    """KTO (arXiv:2402.01306): a loss of single replies, relative to the policy's mean log-ratio z₀.

    L = mean of 1 − σ(β (h − z₀)) where correct, 1 − σ(β (z₀ − h)) where wrong,
    h = Σ_n (log π_θ − log π_ref)(n)
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE, Need.CORRECTNESS})
    why_unweighted: ClassVar[str] = "it reads which replies are correct, and no advantage"

    beta: float = 0.1
    right: float = 1.0  # weight of correct replies
    wrong: float = 1.0
    anchor: KLAnchor | FixedAnchor = KLAnchor()

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE, right=AT_LEAST_0, wrong=AT_LEAST_0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        right, wrong = _judged(batch)
        h = _sums(learner_logp - _reference(batch), batch)
        among = _weights(batch) * (right | wrong)
        above = self.beta * (h - self.anchor(h, among))
        loss = right * self.right * _sigmoid(-above) + wrong * self.wrong * _sigmoid(above)
        return _mean(loss, among)
