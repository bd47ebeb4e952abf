"""LoRA (arXiv:2106.09685), by peft: the learner trains adapters, the generator gets the sum."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from whet.protocols import Part
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class LoRA(Part):
    """W + (α/r) B A in every linear layer except the output head; B starts at 0.

    The defaults are those customary with peft (unconfirmed as the paper's).
    """

    rank: int = 16
    alpha: float = 32.0

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise UsageError(f"engine.lora.rank is {self.rank}; give 1 or more")
        if not 0 < self.alpha < inf:
            raise UsageError(f"engine.lora.alpha is {self.alpha}; give more than 0")

    def check(self) -> None:
        """Refuse where peft is not installed."""
        if find_spec("peft") is None:
            raise UsageError("engine.lora needs peft; run: pip install 'whet[lora]'")

    def inject(self, model: PreTrainedModel, seed: int) -> None:
        """Add adapters to the model in place; afterwards only they have gradients."""
        self.check()
        from peft import LoraConfig, inject_adapter_in_model

        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,  # pyright: ignore[reportArgumentType]  (a float works)
            lora_dropout=0.0,
            target_modules="all-linear",
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inject_adapter_in_model(config, model)


def merged(model: PreTrainedModel) -> dict[str, Tensor]:
    """The weights with the adapters merged, under the names of a model without adapters."""
    layers = {name: module for name, module in model.named_modules() if _is_adapted(module)}
    weights = {}
    for name, tensor in model.state_dict().items():
        owner = next((n for n in layers if name.startswith(f"{n}.")), None)
        if owner is None:
            weights[name] = tensor
        elif name == f"{owner}.base_layer.weight":
            weights[f"{owner}.weight"] = tensor + _delta(layers[owner])
        elif name.startswith(f"{owner}.base_layer."):
            weights[name.replace(".base_layer.", ".")] = tensor
    return weights


def bare(model: PreTrainedModel) -> dict[str, Tensor]:
    """The weights without the adapters; empty for a model without adapters."""
    layers = [name for name, module in model.named_modules() if _is_adapted(module)]
    if not layers:
        return {}
    inner = {name: t for name, t in model.state_dict().items() if ".lora_" not in name}
    return {name.replace(".base_layer.", "."): tensor for name, tensor in inner.items()}


@contextmanager
def silenced(model: PreTrainedModel) -> Iterator[None]:
    """Disable the adapters inside the `with` block."""
    layers: list[Any] = [module for module in model.modules() if _is_adapted(module)]
    for layer in layers:
        layer.enable_adapters(enabled=False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(enabled=True)


def adapters(model: PreTrainedModel) -> Mapping[str, Tensor]:
    """The adapters' weights; empty for a model without adapters."""
    names = [name for name, module in model.named_modules() if _is_adapted(module)]
    return {
        name: p.detach()
        for name, p in model.named_parameters()
        if p.requires_grad and any(name.startswith(f"{n}.") for n in names)
    }


def _is_adapted(module: Any) -> bool:
    return hasattr(module, "lora_A") and hasattr(module, "base_layer")


def _delta(layer: Any) -> Tensor:
    (name,) = layer.active_adapters
    return layer.get_delta_weight(name).detach()
