"""ProRL: when nothing rises any more, the reference becomes the policy of now."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.policy.companions import ReferenceReset
from whet.training.assemble import Share
from whet.training.stage import Stage
from whet.types import Mean, Metrics, Scores


@dataclass(slots=True)
class LiveReferenceReset:
    """The best training accuracy so far, and how long ago it was."""

    value: ReferenceReset
    best: float = -1.0
    since: int = 0
    reset_at: int = -1  # the step of the last reset; −1: none yet

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Watch this step's accuracy; reset when patience is over."""
        del share
        if scores.correct is not None and len(scores.correct):
            accuracy = scores.correct.double().mean().item()
            self.since = 0 if accuracy > self.best else self.since + 1
            self.best = max(self.best, accuracy)
        if self.since >= self.value.patience:
            self._reset(stage)
        return {"reference_age": Mean(total=stage.number - self.reset_at, count=1)}

    def _reset(self, stage: Stage) -> None:
        self.best, self.since, self.reset_at = -1.0, 0, stage.number
        kept = self._kept(stage)
        kept.mkdir(parents=True, exist_ok=True)
        stage.learner.save(kept)
        stage.learner.refer(kept)
        stage.learner.begin(stage.run.optimiser)

    def _kept(self, stage: Stage) -> Path:
        return stage.folder / f"reference-{self.reset_at:06}"

    def state(self) -> dict[str, Any]:
        """Four numbers; the models are kept in the run's folder."""
        return {"best": self.best, "since": self.since, "reset_at": self.reset_at}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back, with the reference of then."""
        self.best, self.since = state["best"], state["since"]
        self.reset_at = state["reset_at"]
        if self.reset_at >= 0:
            stage.learner.refer(self._kept(stage))
