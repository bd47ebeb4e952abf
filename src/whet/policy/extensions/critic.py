"""A critic: a model that predicts the value of every token's state, trained on returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.policy.critics import GeneralisedAdvantage, TerminalReward, TokenRewards, value_error
from whet.policy.extensions.frozen_policy import FrozenPolicy
from whet.policy.extensions.model_steps import check_steps, note_steps
from whet.protocols.algorithm import Algorithm, Companion
from whet.protocols.engine import ValueModel
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    Mean,
    Metrics,
    Need,
    Rollout,
    RunSpec,
    TrainBatch,
    UsageError,
)
from whet.types.further_models import FurtherModel, TrainedModel
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class AllRollouts:
    """The critic is fitted to all rollouts."""

    def __call__(self, truncated: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        return torch.ones_like(truncated)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTruncated:
    """The critic is fitted to rollouts that were not truncated (T-PPO, arXiv:2506.15050)."""

    def __call__(self, truncated: Bool[Tensor, " B"]) -> Bool[Tensor, " B"]:
        return ~truncated


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """A separate model: the initial policy's body and a linear head that starts at 0."""

    further_models: ClassVar[tuple[FurtherModel, ...]] = (TrainedModel(),)

    async def open(self, setup: SetupContext) -> ValueModel:
        """The value model at the start of a run."""
        return await setup.engine.critic(setup.base)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHead:
    """A linear head on the policy's hidden states, detached; it starts at 0."""

    further_models: ClassVar[tuple[FurtherModel, ...]] = ()

    async def open(self, setup: SetupContext) -> ValueModel:
        """The value model at the start of a run."""
        return await setup.engine.value_head(setup.learner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic(Companion):
    """A value for every token's state, by a separate model or by a head on the policy.

    After the policy's update it is fitted to the targets G = Â_λ + V of GAE (arXiv:1506.02438),
    with λ = `gae_lambda`, by the loss ½ max((V − G)², (V_old + clip(V − V_old, ±clip) − G)²).

    For the first `pretrain_steps` steps only the critic is trained (value pretraining, VC-PPO,
    arXiv:2503.01491). `token_rewards` must be the same as that of the advantage, including the KL
    penalty.
    """

    provides = frozenset({Need.VALUE})
    lags = True

    model: OwnModel | OwnHead = OwnModel()
    optimizer: AdamW = AdamW(lr=1e-5)
    gae_lambda: float = 0.95
    discount: float = 1.0
    clip: float = 0.5
    pretrain_steps: int = 0
    fit_on: AllRollouts | NotTruncated = AllRollouts()
    token_rewards: TokenRewards = TerminalReward()

    @property
    def needs(self) -> frozenset[Need]:
        return self.token_rewards.needs

    @property
    def further_models(self) -> tuple[FurtherModel, ...]:
        """The separate model, if there is one."""
        return self.model.further_models

    def __post_init__(self) -> None:
        if not self.clip > 0:
            raise UsageError(f"Critic.clip is {self.clip}; give more than 0")

    async def open(self, setup: SetupContext) -> "LiveCritic":
        """The value model with a fresh optimizer."""
        model = await self.model.open(setup)
        model.reset_optimizer(self.optimizer)
        return LiveCritic(self, model)

    def run_error(self, spec: RunSpec) -> str:
        """An error if value pretraining takes all steps of the run."""
        if not 0 < spec.steps <= self.pretrain_steps:
            return ""
        return (
            f"Critic.pretrain_steps is {self.pretrain_steps} of {spec.steps} steps, so the policy "
            "would never be trained; give less, or more steps"
        )

    def targets(self, inputs: AdvantageInputs) -> Float[Tensor, " N"]:
        """Value targets G = Â_λ + V, from the critic's own values."""
        if inputs.value is None:
            raise ValueError("targets need inputs.value: compute the critic's values first")
        gae = GeneralisedAdvantage(
            gae_lambda=self.gae_lambda, discount=self.discount, token_rewards=self.token_rewards
        )
        return gae(inputs) + inputs.value

    def error(
        self,
        value: Float[Tensor, " N"],
        before: Float[Tensor, " N"],
        target: Float[Tensor, " N"],
    ) -> Float[Tensor, " N"]:
        """The clipped value loss of every token; the critic's loss is their mean."""
        return value_error(value, before, target, self.clip)


@dataclass(slots=True)
class LiveCritic(Extension):
    """The value model and its settings."""

    settings: Critic
    model: ValueModel

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """An objective without gradient during value pretraining."""
        del groups
        return FrozenPolicy(objective) if context.step < self.settings.pretrain_steps else objective

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in V before every sampled token."""
        del context
        return replace(inputs, value=await self.model.values(rollouts))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Take one critic step per minibatch, each on its own part of the rollouts.

        A part without a token to fit takes no step. The metrics are means over the steps.
        """
        fit = self._fit(inputs)
        lr = self.settings.optimizer.lr_at(context.step, context.steps)
        lengths = torch.tensor([r.length for r in batch.rollouts])
        metrics: dict[str, Mean] = {"value_loss": Mean(), "value_grad_norm": Mean()}
        for part in torch.arange(len(batch.rollouts)).tensor_split(context.minibatches):
            first = int(lengths[: int(part[0])].sum()) if len(part) else 0
            fitted = _FitOfPart(fit, first, int(lengths[part].sum()))
            if fitted.size:
                mine = [batch.rollouts[int(i)] for i in part]
                told = await self.model.step(fitted, mine, lr)
                metrics |= {name: metrics.get(name, Mean()) + told[name] for name in told}
        return metrics

    def _fit(self, inputs: AdvantageInputs) -> "_Fit":
        value = inputs.value
        if value is None or inputs.truncated is None:
            raise ValueError("the critic has not computed values of these rollouts")
        fitted = self.settings.fit_on(inputs.truncated)[inputs.row]
        return _Fit(self.settings, value, self.settings.targets(inputs), fitted)

    async def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        await self.model.save(folder)
        note_steps(self.model, folder)

    async def load(self, folder: Path) -> None:
        """Restore the model.  Raises `IntegrityError` if its optimizer came back without steps."""
        await self.model.load(folder)
        check_steps(self.model, folder, "critic")


@dataclass(frozen=True, slots=True)
class _Fit:
    critic: Critic
    before: Float[Tensor, " N"]
    target: Float[Tensor, " N"]
    fitted: Bool[Tensor, " N"]

    def error_of(self, value: Tensor, tokens: slice, count: int) -> Tensor:
        columns = (self.before, self.target, self.fitted)
        before, target, fitted = (x[tokens].to(value.device) for x in columns)
        return (self.critic.error(value, before, target) * fitted).sum() / count


@dataclass(frozen=True, slots=True)
class _FitOfPart:
    """The value loss of a minibatch that starts at token `first` and has `count` tokens."""

    fit: _Fit
    first: int
    count: int

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        there = slice(self.first + tokens.start, self.first + tokens.stop)
        return self.fit.error_of(value, there, self.size)

    @property
    def size(self) -> int:
        """The number of tokens that the critic is fitted to."""
        return int(self.fit.fitted[self.first : self.first + self.count].sum())
