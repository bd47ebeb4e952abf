"""PRIME's reward model: a policy of its own, taught by outcomes, asked about every token."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from whet.policy import algorithms
from whet.policy.companions import ImplicitRewards
from whet.protocols import Learner
from whet.training.assemble import Share
from whet.training.stage import Opening, Stage
from whet.types import Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveImplicitRewards:
    """φ, which began as the policy before any reward."""

    value: ImplicitRewards
    model: Learner

    @classmethod
    def open(cls, value: ImplicitRewards, opening: Opening) -> "LiveImplicitRewards":
        """A learner of what the base folder holds."""
        model = opening.engine.another(opening.base)
        model.begin(value.optimiser)
        return cls(value, model)

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """r_t = β (log π_φ − log π_ref)."""
        if scores.reference_logp is None:
            raise ValueError("implicit rewards need reference_logp: give a reference policy")
        apart = self.model.logp(rollouts) - scores.reference_logp
        return replace(scores, dense=self.value.beta * apart)

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """One step on the outcomes of these rollouts, which were scored before it."""
        del scores
        rollouts, batch = share
        rate = self.value.optimiser.rate_at(stage.number, stage.run.steps)
        objective = algorithms.load("implicit_reward", beta=self.value.beta)
        update = self.model.step(objective, rollouts, batch, rate)
        return {"implicit_loss": Mean(total=update.loss, count=1)}

    def save(self, folder: Path) -> None:
        """φ."""
        self.model.save(folder)

    def load(self, folder: Path) -> None:
        """And back."""
        self.model.load(folder)
