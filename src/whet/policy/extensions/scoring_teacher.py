"""A teacher: a model that scores the policy's tokens, for distillation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from whet.policy.domains import BOUND, check
from whet.policy.extensions.teacher_contexts import SamePrompt, TeacherContext
from whet.policy.extensions.teacher_weights import (
    CurrentPolicy,
    InitialPolicy,
    TeacherModel,
    TeacherWeights,
)
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, Rollout, RunSpec, TrainBatch
from whet.types.further_models import FurtherModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringTeacher(Companion):
    """A teacher π_T with its weights and its context (arXiv:2306.13649).

    It scores the tokens of every rollout at the temperature that they were sampled with, once a
    step and before the policy's update. With `candidates` = 0 it gives log π_T of the sampled
    tokens, over those that truncated sampling kept. With more it gives its likeliest tokens by the
    whole distribution. A rollout whose text in the teacher's context has more than `longest`
    tokens, or more than the teacher has positions, is not taught.
    """

    lags = True

    weights: TeacherWeights = InitialPolicy()
    context: TeacherContext = SamePrompt()
    candidates: int = 0  # K likeliest tokens; 0: the sampled token alone
    longest: int = 0  # most tokens that the teacher reads; 0: no limit

    def __post_init__(self) -> None:
        check(self, candidates=BOUND, longest=BOUND)

    @property
    def provides(self) -> frozenset[Need]:
        """What one forward pass of the teacher gives."""
        return frozenset({Need.CANDIDATES if self.candidates else Need.TEACHER})

    @property
    def needs(self) -> frozenset[Need]:
        return self.weights.needs | self.context.needs

    @property
    def further_models(self) -> tuple[FurtherModel, ...]:
        """The models that its weights need in memory."""
        return self.weights.further_models

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a teacher that equals the policy, or whose candidates are all tokens."""
        if self.context.same and isinstance(self.weights, CurrentPolicy):
            return (
                "ScoringTeacher has no effect: it is the policy itself with the same prompt; give "
                "it other weights, such as SavedModel(path=…), or another context"
            )
        if self.context.same and isinstance(self.weights, InitialPolicy):
            return (
                "ScoringTeacher is the initial policy with the same prompt, so it only holds the "
                "policy back; give --algorithm.teacher FOLDER, or another context"
            )
        if spec.vocabulary and self.candidates >= spec.vocabulary:
            return (
                f"ScoringTeacher.candidates is {self.candidates}, but the vocabulary has "
                f"{spec.vocabulary} tokens, so {spec.vocabulary - 1} and the tail are all of "
                "them; give less"
            )
        return ""

    async def open(self, setup: SetupContext) -> "LiveScoringTeacher":
        """Raises `UsageError` for a teacher with another vocabulary."""
        return LiveScoringTeacher(self, await self.weights.open(setup))


@dataclass(slots=True)
class LiveScoringTeacher(Extension):
    """Scores the rollouts of a step; the weights of an average have a state."""

    settings: ScoringTeacher
    model: TeacherModel

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in what the teacher says of the tokens, and which of them it has scored."""
        views = self.settings.context.views(context, rollouts, inputs.group)
        read = [view for view in views if view is not None and self._fits(view)]
        known = torch.tensor([view is not None and self._fits(view) for view in views])
        scored = known.bool()[inputs.row]
        taught = scored if inputs.external is None else scored & ~inputs.external
        columns = await (self._likeliest if self.settings.candidates else self._sampled)(
            read, scored, inputs
        )
        return replace(inputs, taught=taught, **columns)

    def _fits(self, view: Rollout) -> bool:
        longest = self.settings.longest
        return (not longest or len(view.token_ids) <= longest) and self.model.reads(view)

    async def _sampled(
        self, read: Sequence[Rollout], scored: Tensor, inputs: AdvantageInputs
    ) -> dict[str, Tensor]:
        if inputs.proximal_logp is None:
            raise ValueError("a ScoringTeacher needs inputs.proximal_logp")
        logp = inputs.proximal_logp.clone()
        logp[scored] = (await self.model.logp(read)).to(logp)
        return {"teacher_logp": logp}

    async def _likeliest(
        self, read: Sequence[Rollout], scored: Tensor, inputs: AdvantageInputs
    ) -> dict[str, Tensor]:
        """Tokens without a teacher have the ids 0 … K − 1 and a uniform distribution."""
        del inputs
        found = await self.model.candidates(read, self.settings.candidates)
        count = found.ids.shape[1]
        ids = torch.arange(count).repeat(len(scored), 1)
        logp = torch.zeros(len(scored), count + 1).log_softmax(-1)
        ids[scored], logp[scored] = found.ids, found.logp.to(logp)
        return {"candidates": ids, "candidate_teacher_logp": logp}

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """The share of tokens that were taught, and the mean of log π − log π_T over them."""
        del batch
        await self.model.follow(context.learner)
        if inputs.taught is None:
            return {}
        taught = int(inputs.taught.sum())
        told = {"teacher_share": Mean(total=taught, count=len(inputs.taught))}
        if inputs.teacher_logp is None or inputs.proximal_logp is None:
            return told
        apart = (inputs.proximal_logp - inputs.teacher_logp)[inputs.taught].double()
        return told | {"teacher_kl": Mean(total=apart.sum().item(), count=taught)}

    async def save(self, folder: Path) -> None:
        await self.model.save(folder)

    async def load(self, folder: Path) -> None:
        await self.model.load(folder)
