"""The embedded engine with a generator, a player or a learner of a user's making."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

from whet.engines.embedded.critic import EmbeddedCritic
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.prompts import Prompts
from whet.rollouts.player import RolloutPlayer
from whet.types import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt(Embedded):
    """The embedded engine; its parts are made again as other classes."""

    generator: type = EmbeddedGenerator
    played: type = RolloutPlayer
    learned: type = EmbeddedLearner
    valued: type = EmbeddedCritic

    async def player(self, model, seed):
        sound = await Embedded.player(self, model, seed)
        generator = _again(self.generator, sound.generator)
        return self.played(generator, sound.renderer, sound.environment)

    async def open(self, model, seed):
        player, sound = await Embedded.open(self, model, seed)
        return player, _again(self.learned, sound)

    async def critic(self, folder):
        return _again(self.valued, await Embedded.critic(self, folder))


def _again(kind, sound):
    return kind(**{f.name: getattr(sound, f.name) for f in fields(sound) if f.init})


def engine(**parts: type) -> Rebuilt:
    """An engine for a run of a second."""
    return Rebuilt(device="cpu", threads=1, slots=16, **parts)


@dataclass(slots=True)
class Deaf(EmbeddedGenerator):
    """It takes no weights after the first delivery."""

    heard: int = 0

    async def update(self, weights, flight):
        self.heard += 1
        if self.heard == 1:
            return await EmbeddedGenerator.update(self, weights, flight)
        return self.held()


@dataclass(slots=True)
class Late(EmbeddedGenerator):
    """It loads every delivery one update late."""

    waiting: list = field(default_factory=list)

    async def update(self, weights, flight):
        copied = {name: x.clone() for name, x in weights.tensors.items()}
        self.waiting.append(replace(weights, tensors=copied))
        due = self.waiting[0] if len(self.waiting) == 1 else self.waiting.pop(0)
        return await EmbeddedGenerator.update(self, due, flight)


@dataclass(slots=True)
class Claiming(EmbeddedGenerator):
    """After the first delivery it copies what `arrives`, and says that all did."""

    claimed: Version | None = None

    def arrives(self, own: Mapping[str, Tensor], sent: Mapping[str, Tensor]) -> Mapping:
        """The tensors that this generator takes, by name."""
        raise NotImplementedError

    async def update(self, weights, flight):
        if self.claimed is None:
            await EmbeddedGenerator.update(self, weights, flight)
        else:
            self.scheduler.reset()
            own = self.backbone.model.state_dict()
            with torch.no_grad():
                for name, tensor in self.arrives(own, weights.tensors).items():
                    own[name].copy_(tensor)
        self.claimed = weights.version
        return weights.version

    def held(self):
        return self.claimed or EmbeddedGenerator.held(self)


@dataclass(slots=True)
class StaleClaiming(Claiming):
    """No tensor arrives."""

    def arrives(self, own, sent):
        return {}


@dataclass(slots=True)
class HalfClaiming(Claiming):
    """One of two layers does not arrive."""

    def arrives(self, own, sent):
        return {n: x for n, x in sent.items() if "layers.1" not in n}


@dataclass(slots=True)
class NormClaiming(Claiming):
    """The last norm does not arrive."""

    def arrives(self, own, sent):
        return {n: x for n, x in sent.items() if n != "model.norm.weight"}


@dataclass(slots=True)
class ResettingClaiming(Claiming):
    """It updates in chunks; the last chunk sets what it lacks to the first weights."""

    first: dict = field(default_factory=dict)

    def arrives(self, own, sent):
        if not self.first:
            self.first.update({n: x.clone() for n, x in own.items()})
        return {n: self.first[n] if "layers.0" in n else x for n, x in sent.items()}


@dataclass(slots=True)
class RoundingClaiming(Claiming):
    """Weights travel as bfloat16."""

    def arrives(self, own, sent):
        return {n: x.bfloat16().float() for n, x in sent.items()}


@dataclass(slots=True)
class SwappingClaiming(Claiming):
    """Keys and values of a layer are exchanged: tensors of one shape under each other's name."""

    def arrives(self, own, sent):
        k, v = (f"model.layers.0.self_attn.{x}_proj.weight" for x in "kv")
        return {**sent, k: sent[v], v: sent[k]}


@dataclass(slots=True)
class UntiedClaiming(Claiming):
    """The output head does not follow the embedding that it is tied to."""

    def arrives(self, own, sent):
        return {n: x for n, x in sent.items() if n != "lm_head.weight"}


@dataclass(slots=True)
class StickyPrompts(Prompts):
    """Shared lines that are never freed, nor dropped with the weights that made them."""

    def release(self, shared):
        shared.readers -= 1

    def clear(self):
        """Keep all lines."""


@dataclass(slots=True)
class StalePrefix(EmbeddedGenerator):
    """Its prefix cache outlives the weights."""

    def __post_init__(self):
        EmbeddedGenerator.__post_init__(self)
        sound = self.scheduler.prompts
        sticky = StickyPrompts(sound.backbone, sound.kv_cache, sound.budget)
        self.scheduler.prompts = self.scheduler.memory.prompts = sticky
