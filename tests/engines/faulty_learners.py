"""Learners with one fault each, for the examination of engines."""

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from whet.protocols import Learner
from whet.testing.engines.graph_watch import GraphWatch


@dataclass(slots=True)
class Delegating(Learner):
    """Another learner, unchanged; faults override one verb."""

    inner: Any
    settings: Any = None

    @property
    def version(self):
        return self.inner.version

    def reset_optimizer(self, optimizer):
        self.settings = optimizer
        self.inner.reset_optimizer(optimizer)

    async def step(self, objective, batch, lr):
        return await self.inner.step(objective, batch, lr)

    async def logp(self, rollouts, of="policy"):
        return await self.inner.logp(rollouts, of)

    async def entropy(self, rollouts):
        return await self.inner.entropy(rollouts)

    async def collision(self, rollouts):
        return await self.inner.collision(rollouts)

    async def publish(self):
        return await self.inner.publish()

    async def set_reference(self, folder):
        await self.inner.set_reference(folder)

    async def save(self, folder):
        await self.inner.save(folder)

    async def load(self, folder):
        await self.inner.load(folder)


@dataclass(slots=True)
class Broken(Delegating):
    """Has no entropies."""

    async def entropy(self, rollouts):
        raise LookupError("no head\nhere")


@dataclass(slots=True)
class Restless(Delegating):
    """A step at rate 0 is taken at another rate."""

    async def step(self, objective, batch, lr):
        return await self.inner.step(objective, batch, lr or 1e-3)


@dataclass(slots=True)
class Unclipped(Delegating):
    """The gradient is never clipped."""

    def reset_optimizer(self, optimizer):
        self.inner.reset_optimizer(replace(optimizer, clip_norm=inf))


@dataclass(slots=True)
class Keeping(GraphWatch):
    """The losses of all micro-batches are kept, each with its graph."""

    losses: list = field(default_factory=list)

    def loss(self, learner_logp, batch):
        self.losses.append(self.of.loss(learner_logp, batch))
        return self.losses[-1]


@dataclass(slots=True)
class Hoarding(Delegating):
    """The step keeps the outputs of every micro-batch until its end."""

    async def step(self, objective, batch, lr):
        return await self.inner.step(Keeping(objective), batch, lr)


@dataclass(slots=True)
class FreshOptimizer(Delegating):
    """The optimizer starts anew after load."""

    async def load(self, folder):
        await self.inner.load(folder)
        self.inner.reset_optimizer(self.settings)


@dataclass(slots=True)
class MovingReference(Delegating):
    """The reference is the policy."""

    async def logp(self, rollouts, of="policy"):
        del of
        return await self.inner.logp(rollouts)


def parameters(learner):
    return dict(learner.backbone.model.named_parameters())


def louder(learner):
    """The gradient of one tensor is 7 times too large."""
    name = next(n for n in parameters(learner) if "q_proj" in n)
    parameters(learner)[name].register_hook(lambda g: 7 * g)
    return learner


def frozen(learner):
    """One norm is not trained."""
    name = next(n for n in parameters(learner) if "norm" in n)
    parameters(learner)[name].requires_grad_(requires_grad=False)
    return learner


def last_only(learner):
    """A micro-batch replaces the gradient of the ones before it."""
    for p in parameters(learner).values():
        held = {}
        p.register_hook(lambda g, held=held: held.update(last=g))
        p.register_post_accumulate_grad_hook(
            lambda p, held=held: setattr(p, "grad", held["last"].clone())
        )
    return learner
