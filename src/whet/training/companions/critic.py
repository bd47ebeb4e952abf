"""The critic: it values every state, and learns to from what the rollouts earned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.companions import Critic, OwnHead
from whet.protocols import ValueModel
from whet.protocols.algorithm import Algorithm
from whet.training.assemble import Share
from whet.training.companions.resting import Resting
from whet.training.stage import Opening, Stage
from whet.types import Group, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveCritic:
    """A value model and the rule by which it is fitted."""

    value: Critic
    model: ValueModel

    @classmethod
    def open(cls, value: Critic, opening: Opening) -> "LiveCritic":
        """A body like that of the policy before any reward, or a head on the policy's own."""
        engine = opening.engine
        headed = isinstance(value.model, OwnHead)
        model = engine.head(opening.learner) if headed else engine.critic(opening.base)
        model.begin(value.optimiser)
        return cls(value, model)

    def adjust(self, stage: Stage, algorithm: Algorithm, groups: Sequence[Group]) -> Algorithm:
        """While the critic learns alone, the policy rests."""
        del groups
        return Resting(algorithm) if stage.number < self.value.alone else algorithm

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """V before every choice."""
        return replace(scores, value=self.model.values(rollouts))

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """As many steps as the policy takes, each on its own share of the rollouts."""
        rollouts, _ = share
        fit = self._fit(scores)
        rate = self.value.optimiser.rate_at(stage.number, stage.run.steps)
        lengths = torch.tensor([r.length for r in rollouts])
        told: Metrics = {}
        for part in torch.arange(len(rollouts)).tensor_split(stage.run.minibatches):
            if len(part):
                first = int(lengths[: int(part[0])].sum())
                mine = [rollouts[int(i)] for i in part]
                told = self.model.step(_Shifted(fit, first, int(lengths[part].sum())), mine, rate)
        return told

    def _fit(self, scores: Scores) -> "_Fit":
        value = scores.value
        if value is None or scores.truncated is None:
            raise ValueError("the critic has not scored these rollouts")
        fitted = self.value.to(scores.truncated)[scores.row]
        return _Fit(self.value, value, self.value.targets(scores), fitted)

    def save(self, folder: Path) -> None:
        """The value model."""
        self.model.save(folder)

    def load(self, folder: Path) -> None:
        """And back."""
        self.model.load(folder)


@dataclass(frozen=True, slots=True)
class _Fit:
    critic: Critic
    before: Float[Tensor, " N"]
    target: Float[Tensor, " N"]
    fitted: Tensor

    def error_of(self, value: Tensor, tokens: slice, count: int) -> Tensor:
        before, target, fitted = (x[tokens].to(value.device) for x in self._columns())
        return (self.critic.error(value, before, target) * fitted).sum() / max(count, 1)

    def _columns(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.before, self.target, self.fitted


@dataclass(frozen=True, slots=True)
class _Shifted:
    """The fit of a share that begins at token `first` and has `count` tokens."""

    fit: _Fit
    first: int
    count: int

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        there = slice(self.first + tokens.start, self.first + tokens.stop)
        fitted = self.fit.fitted[self.first : self.first + self.count]
        return self.fit.error_of(value, there, int(fitted.sum()))
