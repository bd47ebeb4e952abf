"""ProRL: the reference model is reset to the policy when training stagnates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.policy.domains import COUNT, check
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Mean, Metrics, Need, RunSpec, TrainBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReset(Companion):
    """Reset the reference model to the current policy, and the optimizer, when training stagnates.

    It stagnates if training accuracy has not risen for `patience` steps (ProRL, arXiv:2505.24864;
    the trigger is ours).
    """

    needs = frozenset({Need.REFERENCE})

    patience: int = 50

    def __post_init__(self) -> None:
        check(self, patience=COUNT)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a patience that the run doesn't exhaust."""
        if self.patience < spec.steps:
            return ""
        return (
            f"reference_reset.patience is {self.patience}, but the run has {spec.steps} steps, so "
            "the reference is never reset; give less"
        )

    async def open(self, setup: SetupContext) -> "LiveReferenceReset":
        del setup
        return LiveReferenceReset(self)


@dataclass(slots=True)
class LiveReferenceReset(Extension):
    """The best training accuracy so far, and the steps since then."""

    settings: ReferenceReset
    best: float = -1.0
    since: int = 0
    reset_at: int = -1  # step of the last reset; −1: none yet

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Record this step's accuracy, and reset if `patience` steps brought no new best."""
        del batch
        if inputs.correct is not None and len(inputs.correct):
            accuracy = inputs.correct.double().mean().item()
            self.since = 0 if accuracy > self.best else self.since + 1
            self.best = max(self.best, accuracy)
        if self.since >= self.settings.patience:
            await self._reset(context)
        return {"reference_age": Mean(total=context.step - self.reset_at, count=1)}

    async def _reset(self, context: StepContext) -> None:
        self.best, self.since, self.reset_at = -1.0, 0, context.step
        kept = self._kept(context)
        kept.mkdir(parents=True, exist_ok=True)
        await context.learner.save(kept)
        await context.learner.set_reference(kept)
        context.learner.reset_optimizer(context.optimizer)

    def _kept(self, context: StepContext) -> Path:
        return context.folder / f"reference-{self.reset_at:06}"

    def state_dict(self) -> dict[str, Any]:
        """Three numbers; the reference models stay in the run's folder."""
        return {"best": self.best, "since": self.since, "reset_at": self.reset_at}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        """Load the reference model of the last reset."""
        self.best, self.since = state["best"], state["since"]
        self.reset_at = state["reset_at"]
        if self.reset_at >= 0:
            await context.learner.set_reference(self._kept(context))
