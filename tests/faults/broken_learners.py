"""Learners that take another step than they were asked for."""

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from faulty_learners import Keeping
from small import RUN

from whet.engines.digest import sealed
from whet.engines.embedded.critic import EmbeddedCritic
from whet.engines.embedded.learner import EmbeddedLearner
from whet.types.optimizers import AdamW, LinearDecay
from whet.types.weights import Weights

DECAYING = AdamW(lr=1e-3, decay=LinearDecay())


@dataclass(slots=True)
class Idle(EmbeddedLearner):
    """Gradients are computed, and the optimizer's step is forgotten."""

    def reset_optimizer(self, optimizer):
        EmbeddedLearner.reset_optimizer(self, optimizer)
        self.optimizer.step = lambda closure=None: None


@dataclass(slots=True)
class Rateless(EmbeddedLearner):
    """The learning rate reaches another optimizer: here it stays 0."""

    async def step(self, objective, batch, lr):
        return await EmbeddedLearner.step(self, objective, batch, 0.0)


@dataclass(slots=True)
class Frozen(EmbeddedLearner):
    """One layer has no gradient any more, since somebody froze it after the optimizer was made."""

    def reset_optimizer(self, optimizer):
        EmbeddedLearner.reset_optimizer(self, optimizer)
        self.backbone.model.get_parameter("model.layers.0.mlp.up_proj.weight").requires_grad_(
            requires_grad=False
        )


@dataclass(slots=True)
class Sevenfold(EmbeddedLearner):
    """The gradient of every micro-batch counts seven times."""

    def _backward(self, objective, rollouts, batch, choices):
        found = [EmbeddedLearner._backward(self, objective, rollouts, batch, choices)]
        found += [
            EmbeddedLearner._backward(self, objective, rollouts, batch, choices) for _ in range(6)
        ]
        return found[0]


@dataclass(slots=True)
class Accumulating(EmbeddedLearner):
    """Gradients of earlier steps are never set to zero."""

    def _begun(self):
        optimizer = EmbeddedLearner._begun(self)
        optimizer.zero_grad = lambda set_to_none=True: None
        return optimizer


@dataclass(slots=True)
class Poisoned(EmbeddedLearner):
    """After a step, a weight that no token of the corpus reads is NaN."""

    async def step(self, objective, batch, lr):
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        with torch.no_grad():
            self.backbone.model.get_input_embeddings().get_parameter("weight")[-5, 0] = torch.nan
        self.published = None
        return found


@dataclass(slots=True)
class Overwriting(EmbeddedLearner):
    """The buffers of a publication are used again before the generator has read them."""

    async def publish(self) -> Weights:
        found = await EmbeddedLearner.publish(self)
        copied = {name: x.clone() for name, x in found.tensors.items()}
        copied["model.norm.weight"] += 1e-3
        return replace(found, tensors=copied)


@dataclass(slots=True)
class Unmerged(EmbeddedLearner):
    """It publishes the weights below its adapters, well sealed."""

    async def publish(self) -> Weights:
        found = await EmbeddedLearner.publish(self)
        base = {
            name.replace(".base_layer", ""): x
            for name, x in self.backbone.model.state_dict().items()
            if "lora_" not in name
        }
        return sealed(found.version.step, base)


@dataclass(slots=True)
class Republishing(EmbeddedLearner):
    """It publishes the first weights for ever, under new numbers."""

    async def publish(self) -> Weights:
        found = await EmbeddedLearner.publish(self)
        if found.version.step > 1:
            return replace(_first(self, found), version=found.version)
        _first(self, found)
        return found


_KEPT: dict[int, Weights] = {}


def _first(learner, found):
    copied = {name: x.clone() for name, x in found.tensors.items()}
    return _KEPT.setdefault(id(learner), replace(found, tensors=copied))


@dataclass(slots=True)
class Forgetful(EmbeddedLearner):
    """A resume makes a fresh optimizer, whose moments are zero."""

    async def load(self, folder):
        await EmbeddedLearner.load(self, folder)
        self.reset_optimizer(self.settings)


@dataclass(slots=True)
class Reporting(EmbeddedLearner):
    """A step is reported one step late."""

    last: Any = None

    async def step(self, objective, batch, lr):
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        late, self.last = self.last, found
        return late or found


@dataclass(slots=True)
class Rescheduled(EmbeddedLearner):
    """A schedule of its own, which a load moves on once too often."""

    extra: int = 0

    async def load(self, folder):
        await EmbeddedLearner.load(self, folder)
        self.extra = 1

    async def step(self, objective, batch, lr):
        number = self.trained.taken // RUN.minibatches + self.extra
        return await EmbeddedLearner.step(self, objective, batch, DECAYING.lr_at(number, 3))


@dataclass(slots=True)
class ByPosition(EmbeddedLearner):
    """Its parameters have another order after a load, and moments come back by position."""

    async def load(self, folder):
        await EmbeddedLearner.load(self, folder)
        state = self.optimizer.state
        queries = [
            self.trained.live[f"model.layers.{i}.self_attn.{x}_proj.weight"]
            for i in range(2)
            for x in "qo"
        ]
        held = [state[tensor] for tensor in queries]
        for tensor, other in zip(queries, held[1:] + held[:1], strict=True):
            state[tensor] = other


@dataclass(slots=True)
class Hoarding(EmbeddedLearner):
    """The outputs of every micro-batch are kept until the end of the step."""

    async def step(self, objective, batch, lr):
        return await EmbeddedLearner.step(self, Keeping(objective), batch, lr)


@dataclass(slots=True)
class ForgetfulCritic(EmbeddedCritic):
    """After its warm-up and a resume, the critic has a fresh optimizer."""

    async def load(self, folder):
        await EmbeddedCritic.load(self, folder)
        self.reset_optimizer(self.settings)


@dataclass(slots=True)
class Dropping(EmbeddedLearner):
    """Its model trains with dropout, which the generator does not have."""

    async def step(self, objective, batch, lr):
        handles = [
            layer.mlp.register_forward_hook(
                lambda _m, _a, out: (
                    torch.nn.functional.dropout(out, 0.1, training=True)
                    if torch.is_grad_enabled()
                    else out
                )
            )
            for layer in self.backbone.model.model.layers
        ]
        try:
            return await EmbeddedLearner.step(self, objective, batch, lr)
        finally:
            for handle in handles:
                handle.remove()


@dataclass(slots=True)
class SharedReference(EmbeddedLearner):
    """The reference is the policy itself, so the penalty is always zero."""

    async def set_reference(self, folder):
        del folder
        self.reference = lambda rollouts: self._scored(self.backbone, rollouts)


@dataclass(slots=True)
class MovingReference(EmbeddedLearner):
    """The reference's weights move with every step."""

    async def step(self, objective, batch, lr):
        found = await EmbeddedLearner.step(self, objective, batch, lr)
        (frozen,) = cast("Any", self.reference).args
        with torch.no_grad():
            frozen.model.model.norm.weight += 1e-3
        return found
