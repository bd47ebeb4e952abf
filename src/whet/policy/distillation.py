"""Distillation: parts that read the log-probs of a teacher π_T on the policy's own tokens.

The teacher is scored at the temperature that the tokens were sampled with. `ScoringTeacher`
(`whet.policy.extensions.scoring_teacher`) fills the columns that are read here.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.domains import AT_LEAST_0, Domain, check
from whet.policy.selections import PolicyTokens
from whet.protocols.algorithm import Advantage, Regulariser
from whet.protocols.part import Part
from whet.types import AdvantageInputs, Batch, Need, RunSpec

_INSIDE = Domain(lambda x: 0 < x < 1, "give a number between 0 and 1; its ends are the two KLs")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAdvantage(Advantage):
    """No verdict is learned from. Â_n = 0."""

    why_no_reward: ClassVar[str] = "the policy follows a teacher, and no reward enters"

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        return torch.zeros_like(inputs.reward)[inputs.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherLogRatio(Advantage):
    """Reverse KL to a teacher on sampled tokens, besides the advantage of a verdict.

    Â_n = Â_n^verdict + α (log π_T(n) − log π_prox(n))

    On-policy, E[(log π_T − log π) ∇log π] is −∇KL(π‖π_T) of the next token. A token that the
    teacher has not scored, and an external one, has the verdict's advantage alone.
    """

    why_uncentred: ClassVar[str] = "the teacher's log-ratio is added"

    alpha: float = 1.0
    verdict: Advantage = NoAdvantage()

    def __post_init__(self) -> None:
        check(self, alpha=AT_LEAST_0)

    @property
    def needs(self) -> frozenset[Need]:
        return self.verdict.needs | {Need.TEACHER, Need.PROXIMAL}

    @property
    def per_token(self) -> bool:
        """Always: each token has a log-ratio of its own."""
        return True

    @property
    def shift_sensitive(self) -> bool:
        """As the verdict's advantage."""
        return self.verdict.shift_sensitive

    @property
    def why_leaves_differ(self) -> str:
        """As the verdict's advantage."""
        return self.verdict.why_leaves_differ

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a teacher without weight."""
        del spec
        if self.alpha:
            return ""
        return (
            "TeacherLogRatio.alpha is 0, so the teacher has no effect; give more, or leave it out"
        )

    @property
    def why_no_reward(self) -> str:
        """As the verdict's advantage."""
        return self.verdict.why_no_reward

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        return self.verdict.learned(inputs)

    def __call__(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        if inputs.teacher_logp is None or inputs.proximal_logp is None or inputs.taught is None:
            raise ValueError("TeacherLogRatio needs inputs.teacher_logp: give it a ScoringTeacher")
        ratio = inputs.teacher_logp - inputs.proximal_logp
        taught = torch.where(inputs.taught, ratio, torch.zeros_like(ratio))
        return self.verdict(inputs) + self.alpha * taught


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught(PolicyTokens):
    """The policy's tokens that the teacher has scored; the others leave the denominator."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.taught is None:
            raise ValueError("Taught needs batch.taught: give the algorithm a ScoringTeacher")
        return batch.taught & PolicyTokens.__call__(self, batch)


class TokenDivergence(Part):
    """A divergence of the next-token distributions p of the policy and p_T of the teacher.

    Both are over the teacher's K likeliest tokens and a last bin for all other tokens together.
    Without that bin a policy could move mass out of the candidates at no price.
    """

    __slots__ = ()

    @abstractmethod
    def __call__(
        self, policy: Float[Tensor, "N K1"], teacher: Float[Tensor, "N K1"]
    ) -> Float[Tensor, " N"]:
        """The divergence of every row from log-probs [N, K + 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseDivergence(TokenDivergence):
    """Reverse KL (arXiv:2306.13649). KL(p‖p_T) = Σ_v p(v) (log p(v) − log p_T(v))."""

    def __call__(
        self, policy: Float[Tensor, "N K1"], teacher: Float[Tensor, "N K1"]
    ) -> Float[Tensor, " N"]:
        return (policy.exp() * (policy - teacher)).sum(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardDivergence(TokenDivergence):
    """Forward KL (arXiv:2306.13649). KL(p_T‖p) = Σ_v p_T(v) (log p_T(v) − log p(v))."""

    def __call__(
        self, policy: Float[Tensor, "N K1"], teacher: Float[Tensor, "N K1"]
    ) -> Float[Tensor, " N"]:
        return (teacher.exp() * (teacher - policy)).sum(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureDivergence(TokenDivergence):
    """The generalised Jensen-Shannon divergence (arXiv:2306.13649, eq. 1).

    JSD(β) = β KL(p_T‖m) + (1 − β) KL(p‖m),  m = β p_T + (1 − β) p
    """

    beta: float = 0.5

    def __post_init__(self) -> None:
        check(self, beta=_INSIDE)

    def __call__(
        self, policy: Float[Tensor, "N K1"], teacher: Float[Tensor, "N K1"]
    ) -> Float[Tensor, " N"]:
        share = policy.new_tensor(self.beta)
        mixture = torch.logaddexp(teacher + share.log(), policy + (-share).log1p())
        of_teacher = (teacher.exp() * (teacher - mixture)).sum(-1)
        of_policy = (policy.exp() * (policy - mixture)).sum(-1)
        return self.beta * of_teacher + (1 - self.beta) * of_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherDivergence(Regulariser):
    """The divergence to a teacher over its candidates, as a penalty. k_n = weight · D(p_T, p)_n."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.CANDIDATES})

    divergence: TokenDivergence = ReverseDivergence()
    weight: float = 1.0

    def __post_init__(self) -> None:
        check(self, weight=AT_LEAST_0)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a teacher without weight."""
        del spec
        if self.weight:
            return ""
        return "TeacherDivergence.weight is 0, so the teacher has no effect; give more"

    def __call__(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, " N"]:
        if batch.candidate_teacher_logp is None:
            raise ValueError(
                "TeacherDivergence needs batch.candidate_teacher_logp: give it a ScoringTeacher "
                "with candidates"
            )
        if batch.candidate_logp is None:
            raise ValueError(
                "TeacherDivergence needs batch.candidate_logp: take an engine with a learner that "
                "computes it"
            )
        found = self.divergence(batch.candidate_logp, batch.candidate_teacher_logp)
        return self.weight * found.to(learner_logp)
