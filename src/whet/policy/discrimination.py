"""DisCO's loss: correct rollouts should score higher than wrong ones (arXiv:2505.12366)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.policy.arithmetic import log_ratio, mean_within, places, size_within, sum_within
from whet.policy.domains import AT_LEAST_0, POSITIVE, check
from whet.protocols.algorithm import BatchCriterion
from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodScore:
    """Score log π_θ(n) of a token."""

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return learner_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioScore:
    """Score π_θ(n) / π_prox(n) of a token."""

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        return log_ratio(learner_logp, batch.proximal_logp).exp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardest:
    """A soft maximum over the wrong rollouts of a group. τ log mean exp(s / τ)."""

    tau: float = 10.0

    def __post_init__(self) -> None:
        check(self, tau=POSITIVE)

    def __call__(
        self, score: Float[Tensor, " b"], group: Int[Tensor, " b"], weight: Float[Tensor, " b"]
    ) -> Float[Tensor, " groups"]:
        where = places(group.unique(return_inverse=True)[1])
        size = [int(axis.max()) + 1 if len(axis) else 0 for axis in where]
        logp_temperature = score / self.tau + weight.log()
        table = score.new_full(size, -torch.inf).index_put(tuple(where), logp_temperature)
        count = sum_within(weight, group)[where.turn == 0]
        order = where.line[where.turn == 0].argsort()
        return self.tau * (table.logsumexp(1) - count[order].log())


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """The mean over the wrong rollouts of a group (DisCO-b). mean(s)."""

    def __call__(
        self, score: Float[Tensor, " b"], group: Int[Tensor, " b"], weight: Float[Tensor, " b"]
    ) -> Float[Tensor, " groups"]:
        return mean_within(score, group, weight)[places(group).turn == 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hinge:
    """A KL penalty that begins at a distance δ. sg[β max(KL − δ, 0)] · KL.

    KL = mean(log π_prox − log π_θ), the k1 estimator, as in the authors' scripts.
    """

    beta: float = 1e3
    delta: float = 1e-4

    def __post_init__(self) -> None:
        check(self, beta=AT_LEAST_0, delta=AT_LEAST_0)

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        kl = (batch.weight * (batch.proximal_logp - learner_logp)).sum() / (batch.weight.sum() or 1)
        return self.beta * (kl.detach() - self.delta).clamp(min=0) * kl


@dataclass(frozen=True, slots=True, kw_only=True)
class Discriminative(BatchCriterion):
    """The difference of scores between correct and wrong rollouts, with a constraint.

    −J = −(1/G) Σ_g [mean of s over the correct ones − `against` of the wrong ones] + constraint
    s_i = mean_n score_n over the tokens of rollout i

    Groups that are all correct or all wrong count in the denominator only.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GROUP, Need.PAIRS, Need.CORRECTNESS})
    why_unweighted: ClassVar[str] = "it reads which replies are correct, and no advantage"

    score: LikelihoodScore | RatioScore
    against: Hardest | Average
    constraint: Hinge | None = None

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        if batch.correct is None:
            raise ValueError(
                "Discriminative needs batch.correct: give the run a reward that sets `correct`"
            )
        first = places(batch.row).turn == 0
        score = self.score(learner_logp, batch)
        s = mean_within(score, batch.row, batch.tree_weight)[first]
        group, right = batch.group[batch.row[first]], batch.correct[batch.row[first]]
        weight = torch.ones_like(s)
        if batch.rollout_weight is not None:
            weight = batch.rollout_weight.to(s)[batch.row[first]]
        mixed = torch.isin(group, group[right]) & torch.isin(group, group[~right])
        good, bad = mixed & right, mixed & ~right
        gain = (weight[good] * s[good] / size_within(group[good], weight[good])).sum()
        gain = gain - self.against(s[bad], group[bad], weight[bad]).sum()
        loss = -gain / max(batch.totals.groups, 1)
        return loss if self.constraint is None else loss + self.constraint(learner_logp, batch)
