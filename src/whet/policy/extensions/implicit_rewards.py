"""PRIME: a reward model with token rewards, trained on outcomes only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from whet.policy.domains import POSITIVE, check
from whet.policy.extensions.model_steps import check_steps, note_steps
from whet.policy.implicit import outcome_classifier
from whet.protocols.algorithm import Companion
from whet.protocols.engine import Learner
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, Rollout, TrainBatch
from whet.types.further_models import TrainedModel
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitRewards(Companion):
    """A reward model that rewards every token, trained on outcomes only (PRIME, arXiv:2502.01456).

    r_t = β (log π_φ − log π_ref)(t)

    φ starts as the initial policy. After scoring the rollouts of a step it is trained by
    cross-entropy of σ(Σ_t r_t) on `correct`, with the objective `implicit_reward`.
    """

    provides = frozenset({Need.DENSE})
    needs = frozenset({Need.REFERENCE, Need.CORRECTNESS})
    further_models = (TrainedModel(),)

    beta: float = 0.05
    optimizer: AdamW = AdamW(lr=1e-6)  # unconfirmed

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE)

    async def open(self, setup: SetupContext) -> "LiveImplicitRewards":
        """A learner that starts from the initial policy."""
        model = await setup.engine.load_learner(setup.base)
        model.reset_optimizer(self.optimizer)
        return LiveImplicitRewards(self, model)


@dataclass(slots=True)
class LiveImplicitRewards(Extension):
    """The reward model φ and its settings."""

    settings: ImplicitRewards
    model: Learner

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in r_t = β (log π_φ − log π_ref)."""
        del context
        if inputs.reference_logp is None:
            raise ValueError("implicit rewards need reference_logp: give a reference policy")
        apart = await self.model.logp(rollouts) - inputs.reference_logp
        return replace(inputs, dense=self.settings.beta * apart)

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """One optimizer step of φ on the outcomes; its advantages are the labels."""
        objective = outcome_classifier(beta=self.settings.beta)
        lr = self.settings.optimizer.lr_at(context.step, context.steps)
        tokens = replace(batch.tokens, advantage=objective.advantage(inputs))
        update = await self.model.step(objective, replace(batch, tokens=tokens), lr)
        return {"implicit_loss": Mean(total=update.loss, count=1)}

    async def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        await self.model.save(folder)
        note_steps(self.model, folder)

    async def load(self, folder: Path) -> None:
        """Restore the model.  Raises `IntegrityError` if its optimizer came back without steps."""
        await self.model.load(folder)
        check_steps(self.model, folder, "reward model")
