"""Weights that are not delivered, whatever the generator says of them."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from sabotaged import brief, said

from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.prompts import Prompts
from whet.types import Version
from whet.types.optimizers import AdamW

NORM = "model.norm.weight"


@dataclass(slots=True)
class Claiming(EmbeddedGenerator):
    """After the first delivery it copies what `arrives`, and says that it holds what was sent."""

    claimed: Version | None = None

    def arrives(self, own: Any, sent: Any) -> Any:
        del own
        return {name: tensor for name, tensor in sent.items() if name != NORM}

    async def update(self, weights, flight):
        if self.claimed is None:
            await EmbeddedGenerator.update(self, weights, flight)
        own = self.backbone.model.state_dict()
        with torch.no_grad():
            for name, tensor in self.arrives(own, weights.tensors).items():
                own[name].copy_(tensor)
        self.scheduler.reset()
        self.claimed = weights.version
        return weights.version

    def held(self):
        return self.claimed or EmbeddedGenerator.held(self)


@dataclass(slots=True)
class Resetting(Claiming):
    """It updates in chunks, and the last chunk sets absent layers to the first weights."""

    first: dict = field(default_factory=dict)

    def arrives(self, own, sent):
        if not self.first:
            self.first.update({name: x.clone() for name, x in own.items()})
        return {name: self.first[name] if "layers.0" in name else x for name, x in sent.items()}


@dataclass(slots=True)
class Reused(EmbeddedGenerator):
    """The buffers of an update are used again after it was verified."""

    async def update(self, weights, flight):
        found = await EmbeddedGenerator.update(self, weights, flight)
        with torch.no_grad():
            self.backbone.model.get_parameter(NORM).mul_(1.01)
        return found


@dataclass(slots=True)
class StickyPrompts(Prompts):
    """Shared lines that outlive the weights that made them."""

    def release(self, shared):
        shared.readers -= 1

    def clear(self):
        """Keep all lines."""


@dataclass(slots=True)
class StalePrefix(EmbeddedGenerator):
    """Its prefix cache is not dropped at an update."""

    def __post_init__(self):
        EmbeddedGenerator.__post_init__(self)
        sound = self.scheduler.prompts
        sticky = StickyPrompts(sound.backbone, sound.kv_cache, sound.budget)
        self.scheduler.prompts = self.scheduler.memory.prompts = sticky


@dataclass(slots=True)
class Unadapted(EmbeddedLearner):
    """It publishes its adapters as they were at first."""

    async def publish(self):
        found = await EmbeddedLearner.publish(self)
        return replace(found, tensors={n: torch.zeros_like(x) for n, x in found.tensors.items()})


def plain(**changes):
    """Steps that change no log-prob by as much as the probe's limit."""
    return {"optimizer": AdamW(lr=1e-7), **changes}


def adapted(**changes):
    parts, engine = changes.pop("parts"), {}
    run = brief(parts, **changes)
    return replace(run, engine=replace(run.engine, lora=LoRA(rank=2), **engine))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Claiming, rf"not delivered: .*'{NORM}' is not the tensor.*\(1 of \d+ differ\)"),
        (Resetting, r"not delivered: .*'model\.layers\.0\.\S+' is not the tensor"),
        (Reused, rf"not delivered: .*'{NORM}' is not the tensor"),
    ],
)
def test_a_tensor_that_is_not_delivered_is_named(kind, told, tmp_path):
    """At a learning rate of 1e-7, which no probe could see."""
    message, taken = said(brief({"generator": kind}, **plain()), tmp_path)
    assert taken == 0
    assert re.search(told, message), message


def test_a_stale_prefix_cache_is_noticed_by_the_probe(tmp_path):
    message, taken = said(brief({"generator": StalePrefix}), tmp_path)
    assert taken == 0
    assert re.search(r"not delivered whole.*limits\.probe is 0\.0001.*earlier ones", message)


def test_adapters_that_are_not_delivered_are_named(tmp_path):
    message, taken = said(adapted(parts={"learned": Unadapted}), tmp_path)
    assert taken == 0
    assert re.search(r"did not arrive as they were sent: '\S+lora_A\S+' differs", message), message


@pytest.mark.parametrize("lora", [False, True])
def test_the_healthy_twins_end_without_a_word(lora, tmp_path):
    run = adapted(parts={}, **plain()) if lora else brief({}, **plain())
    assert said(run, tmp_path) == ("", 2)
