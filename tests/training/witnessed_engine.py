"""The embedded engine, with a generator whose log-probs are noisy; what its parts do is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from whet.engines.embedded.critic import EmbeddedCritic
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import EmbeddedLearner
from whet.protocols import Generator, Update
from whet.protocols.algorithm import Algorithm
from whet.rollouts.player import RolloutPlayer
from whet.types import Rollout, TrainBatch, seed_of

NOISE = 0.4  # nats


@dataclass(slots=True)
class NoisyGenerator(Generator):
    """Another generator with noise on its log-probs; it counts the tokens that pass."""

    inner: Generator
    asked: int = 0
    decoded: int = 0

    def held(self):
        return self.inner.held()

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        found = await self.inner.generate(
            prompt, how, seed=seed, offset=offset, session=session, fork_of=fork_of, said=said
        )
        self.asked += len(prompt)
        self.decoded += len(found.token_ids)
        logp = found.logp.copy()
        for i in range(len(logp)):
            logp[i] += NOISE * (seed_of("noise", seed, offset + i) % 2001 / 1000 - 1)
        return replace(found, logp=logp)

    async def update(self, weights, flight):
        return await self.inner.update(weights, flight)

    def end(self, session):
        self.inner.end(session)

    def token_counts(self) -> Mapping[str, int]:
        return self.inner.token_counts()

    async def close(self):
        await self.inner.close()


@dataclass(frozen=True)
class OptimizerStep:
    """What a learner was asked to do, its weights before, and the tokens that its model read."""

    objective: Algorithm
    batch: TrainBatch
    lr: float
    weights: dict[str, Tensor]
    update: Update
    read: int


@dataclass(frozen=True)
class CriticCall:
    """The rollouts that a critic valued or was fitted to, and its weights before."""

    fitted: bool
    step: int
    rollouts: list[Rollout]
    weights: dict[str, Tensor]
    head: dict[str, Tensor]


def _copy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x.detach().clone() for name, x in state.items()}


@dataclass(slots=True)
class WitnessedLearner(EmbeddedLearner):
    """A learner whose steps are kept."""

    seen: list[OptimizerStep] = field(default_factory=list)

    async def step(self, objective, batch, lr):
        before, read = _copy(self.backbone.model.state_dict()), []

        def note(_model, _args, given):
            if torch.is_grad_enabled():
                read.append(given["input_ids"].numel())

        hook = self.backbone.model.base_model.register_forward_pre_hook(note, with_kwargs=True)
        try:
            update = await EmbeddedLearner.step(self, objective, batch, lr)
        finally:
            hook.remove()
        self.seen.append(OptimizerStep(objective, batch, lr, before, update, sum(read)))
        return update


@dataclass(slots=True)
class WitnessedCritic(EmbeddedCritic):
    """A critic whose calls are kept, with the number of the run's step."""

    seen: list[CriticCall] = field(default_factory=list)
    now: int = 0

    async def values(self, rollouts):
        self._note(rollouts, fitted=False)
        return await EmbeddedCritic.values(self, rollouts)

    async def step(self, fit, rollouts, lr):
        self._note(rollouts, fitted=True)
        return await EmbeddedCritic.step(self, fit, rollouts, lr)

    def _note(self, rollouts, *, fitted):
        body, head = self.backbone.model.state_dict(), self.head.state_dict()
        held = (list(rollouts), _copy(body), _copy(head))
        self.seen.append(CriticCall(fitted, self.now, *held))


@dataclass(slots=True)
class Kept:
    """The live parts that an engine opened."""

    learners: list[WitnessedLearner] = field(default_factory=list)
    critics: list[WitnessedCritic] = field(default_factory=list)
    generators: list[NoisyGenerator] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed(Embedded):
    """The embedded engine with the parts above."""

    kept: Kept = field(default_factory=Kept, hash=False, compare=False, repr=False)

    async def open(self, model, seed):
        player, learner = await Embedded.open(self, model, seed)
        noisy = NoisyGenerator(player.generator)
        self.kept.generators.append(noisy)
        return RolloutPlayer(noisy, player.renderer), self._watched(learner)

    async def load_learner(self, folder):
        return self._watched(await Embedded.load_learner(self, folder))

    async def critic(self, folder):
        critic = await Embedded.critic(self, folder)
        self.kept.critics.append(WitnessedCritic(critic.backbone, critic.budget))
        return self.kept.critics[-1]

    def _watched(self, learner):
        found = WitnessedLearner(learner.backbone, learner.tokenizer, learner.budget)
        self.kept.learners.append(found)
        return found
