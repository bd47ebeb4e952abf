"""LoRA (arXiv:2106.09685), by peft: the learner trains adapters, the generator gets the sum."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import ModuleDict
from transformers import PreTrainedModel

from whet.engines.digest import digest
from whet.engines.embedded.lora_targets import Matrix, chosen, summary
from whet.protocols import Part
from whet.types import UsageError

_HOLDER = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoRA(Part):
    """W + (α/r) B A in every linear layer and every expert, except the output head; B starts at 0.

    The defaults are those customary with peft (unconfirmed as the paper's).  `targets` are ends of
    names, such as `q_proj`, `mlp.down_proj`, or `experts.gate_up_proj` for all experts of a
    layer, which are one parameter.  `whet plan` shows which matrices stay frozen.
    """

    rank: int = 16
    alpha: float = 32.0
    targets: tuple[str, ...] = ()  # empty: all linear layers and experts

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise UsageError(f"engine.lora.rank is {self.rank}; give 1 or more")
        if not 0 < self.alpha < inf:
            raise UsageError(f"engine.lora.alpha is {self.alpha}; give more than 0")

    def check(self) -> None:
        """Refuse where peft is not installed."""
        if find_spec("peft") is None:
            raise UsageError("engine.lora needs peft; run: pip install 'whet[lora]'")

    def notes(self, model: PreTrainedModel) -> list[str]:
        """The number of weights that are trained, and the matrices that stay frozen.

        Raises `UsageError` for targets that the model lacks.
        """
        return summary(model, self.targets, self.rank)

    def inject(self, model: PreTrainedModel, seed: int) -> None:
        """Add adapters to the model in place; afterwards only they have gradients."""
        self.check()
        from peft import LoraConfig, inject_adapter_in_model

        matrices = chosen(model, self.targets)
        stacks = [f"{_HOLDER}.{m.name}" for m in matrices.values() if not m.linear]
        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,  # pyright: ignore[reportArgumentType]  (a float works)
            lora_dropout=0.0,
            target_modules=[f"{_HOLDER}.{m.name}" for m in matrices.values() if m.linear],
            target_parameters=stacks or None,
            fan_in_fan_out=all(m.transposed for m in matrices.values()),
        )
        with torch.random.fork_rng([model.device] if model.device.type == "cuda" else []):
            torch.manual_seed(seed)
            try:
                # peft renames the targets of a mixture of experts, but not inside of another module
                inject_adapter_in_model(config, ModuleDict({_HOLDER: model}))
            except ValueError as error:
                reason = " ".join(str(error).split())
                raise UsageError(f"engine.lora can't adapt this model: {reason[:200]}") from error
        _insist_on(model, matrices)


def _insist_on(model: PreTrainedModel, matrices: Mapping[str, Matrix]) -> None:
    """Raise `UsageError` if peft has adapted other matrices than those that were chosen."""
    due = {m.name if not m.linear else f"{m.name}.weight" for m in matrices.values()}
    found = {_adapted_weight(name, layer) for name, layer in _adapted(model)}
    if odd := sorted(due ^ found):
        kind = model.config.model_type
        raise UsageError(
            f"engine.lora: peft treats {len(odd)} matrices of {kind!r} in another way than asked, "
            f"such as {odd[0]}; give engine.lora.targets without them"
        )


def _itself(given: Any) -> Any:
    return given


def merged(model: PreTrainedModel) -> dict[str, Tensor]:
    """The weights with the adapters merged, under the names of a model without adapters."""
    return dict(merged_tensors(model))


def merged_tensors(
    model: PreTrainedModel,
    whole_tensor: Callable[[Tensor], Tensor] = _itself,
    whole_layer: Callable[[Any], Any] = _itself,
) -> Iterator[tuple[str, Tensor]]:
    """The same tensors by name, each merged when it is asked for.

    Of a sharded model `whole_tensor` gathers a tensor, and `whole_layer` an adapted layer.
    """
    layers: dict[str, list[Any]] = {}
    for path, layer in _adapted(model):
        layers.setdefault(_adapted_weight(path, layer), []).append(layer)
    for name, tensor in _inner(model).items():
        whole = whole_tensor(tensor)
        for layer in layers.get(name, ()):
            whole = whole + _delta(whole_layer(layer))
        yield name, whole


def base_digest(model: PreTrainedModel) -> str:
    """The digest of the weights below adapters, which never change; empty without adapters."""
    under = bare(model)
    return digest(under) if under else ""


def bare(model: PreTrainedModel) -> dict[str, Tensor]:
    """The weights without the adapters; empty for a model without adapters."""
    return _inner(model) if _adapted(model) else {}


@contextmanager
def silenced(model: PreTrainedModel) -> Iterator[None]:
    """Disable the adapters inside the `with` block."""
    layers = [layer for _, layer in _adapted(model)]
    for layer in layers:
        layer.enable_adapters(enabled=False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(enabled=True)


def adapters(model: PreTrainedModel) -> Mapping[str, Tensor]:
    """The adapters' weights; empty for a model without adapters."""
    if not _adapted(model):
        return {}
    return {name: p.detach() for name, p in model.named_parameters() if ".lora_" in name}


def export(model: PreTrainedModel, folder: Path, whole: Mapping[str, Tensor] | None = None) -> None:
    """Write the adapters into a folder that `peft.PeftModel.from_pretrained(base, folder)` reads.

    `whole` are those of a sharded model.  Nothing is written for a model without adapters.
    """
    layers = _adapted(model)
    if not layers:
        return
    from peft import LoraConfig

    first = layers[0][1]
    (name,) = first.active_adapters
    stacks = [_adapted_weight(path, layer) for path, layer in layers if _is_stack(layer)]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=getattr(model.config, "_name_or_path", ""),
        r=first.r[name],
        lora_alpha=first.lora_alpha[name],
        lora_dropout=0.0,
        target_modules=[_unwrapped(path) for path, layer in layers if not _is_stack(layer)],
        target_parameters=stacks or None,
        fan_in_fan_out=all(getattr(layer, "fan_in_fan_out", False) for _, layer in layers),
        inference_mode=True,
    )
    held = {
        f"base_model.model.{path.replace(f'.{name}.', '.')}": tensor.cpu().contiguous()
        for path, tensor in (adapters(model) if whole is None else whole).items()
    }
    folder.mkdir()
    config.save_pretrained(str(folder))
    save_file(held, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _is_stack(layer: Any) -> bool:
    """Whether the adapted weight is a parameter of a module, such as all experts of a layer."""
    return hasattr(layer, "parameter_name")


def _adapted(model: PreTrainedModel) -> list[tuple[str, Any]]:
    """The layers of peft by their path: of an adapted layer, or nested, of each adapted stack."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if hasattr(module, "lora_A") and hasattr(module, "base_layer")
    ]


def _adapted_weight(path: str, layer: Any) -> str:
    """The name that the adapted weight has in a model without adapters."""
    return f"{_unwrapped(path)}.{getattr(layer, 'parameter_name', 'weight')}"


def _inner(model: PreTrainedModel) -> dict[str, Tensor]:
    inner = {name: t for name, t in model.state_dict().items() if ".lora_" not in name}
    return {_unwrapped(name): tensor for name, tensor in inner.items()}


def _unwrapped(name: str) -> str:
    return name.replace(".base_layer", "")


def _delta(layer: Any) -> Tensor:
    (name,) = layer.active_adapters
    return layer.get_delta_weight(name).detach()
