"""Matrices of a model that LoRA can adapt: linear layers, and stacks of experts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from whet.engines.folders import listed
from whet.registry import nearest
from whet.types import UsageError

_STACK = 3  # dimensions of a parameter that holds a matrix per expert
_FORWARDS = (Linear.forward, Conv1D.forward)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A weight W of a model, or a stack of them: [out, in], or [experts, out, in]."""

    name: str  # of the module for a linear layer, of the parameter for another one
    shape: tuple[int, ...]
    linear: bool
    transposed: bool = False  # GPT-2's layers have [in, out]

    @property
    def size(self) -> int:
        """Number of weights."""
        return torch.Size(self.shape).numel()

    def adapter_size(self, rank: int) -> int:
        """Number of weights in A and B."""
        experts = self.shape[0] if len(self.shape) == _STACK else 1
        return rank * experts * sum(self.shape[-2:])


def matrices(model: PreTrainedModel) -> dict[str, Matrix]:
    """Every matrix that can have an adapter, by name.

    The output head and the embeddings have none, and neither have convolutions and the modules of
    torch other than linear layers.
    """
    return {matrix.name: matrix for matrix in _found(model)}


def _found(model: PreTrainedModel) -> Iterator[Matrix]:
    head = model.get_output_embeddings()
    for path, module in model.named_modules():
        if module is head:
            continue
        if isinstance(module, Linear | Conv1D):
            if not _is_linear(module):
                continue
            shape, transposed = tuple(module.weight.shape), isinstance(module, Conv1D)
            yield Matrix(path, shape, linear=True, transposed=transposed)
        elif not type(module).__module__.startswith("torch.") and path:
            for name, p in module.named_parameters(recurse=False):
                if p.ndim in (2, _STACK) and not name.endswith("bias"):
                    yield Matrix(f"{path}.{name}", tuple(p.shape), linear=False)


def _is_linear(module: Linear | Conv1D) -> bool:
    """Whether a module gives one tensor of its outputs; a router of that class gives several."""
    if type(module).forward in _FORWARDS:
        return True
    width = module.weight.shape[0 if isinstance(module, Conv1D) else 1]
    with torch.no_grad():
        out: Any = module(torch.zeros(1, width).to(module.weight))
    return isinstance(out, Tensor) and out.numel() * width == module.weight.numel()


def chosen(model: PreTrainedModel, targets: Iterable[str]) -> dict[str, Matrix]:
    """The matrices with a name that ends in one of `targets`.

    Without targets: all linear layers and stacks of experts.  Raises `UsageError` for a target that
    the model lacks, and for a model without such matrices.
    """
    known, asked = matrices(model), tuple(targets)
    usual = {n: m for n, m in known.items() if m.linear or len(m.shape) == _STACK}
    if not usual:
        kind = model.config.model_type
        raise UsageError(f"engine.lora: a {kind!r} model has no linear layers; train all weights")
    for target in asked:
        if not any(_ends_in(name, target) for name in known):
            raise UsageError(
                f"engine.lora.targets has {target!r}, which the model lacks; "
                f"{nearest(target, {_last(name) for name in known})}"
            )
    if not asked:
        return usual
    return {n: m for n, m in known.items() if any(_ends_in(n, target) for target in asked)}


def summary(model: PreTrainedModel, targets: Iterable[str], rank: int) -> list[str]:
    """Notes: the number of weights in adapters, the matrices without one, and too high a rank."""
    taken = chosen(model, targets)
    trained = sum(m.adapter_size(rank) for m in taken.values())
    note = f"engine.lora trains {trained:,} weights, in adapters of {_named(taken)}"
    if rest := _frozen(model, taken):
        note += f"; frozen are {', '.join(f'{name} ({n:,} weights)' for name, n in rest)}"
    notes = [note]
    if narrow := sorted(n for n, m in taken.items() if min(m.shape[-2:]) < rank):
        shape = list(taken[narrow[0]].shape)
        notes.append(
            f"engine.lora.rank is {rank}, more than the rank of {len(narrow)} matrices, such as "
            f"{narrow[0]} {shape}"
        )
    return notes


def _frozen(model: PreTrainedModel, taken: Mapping[str, Matrix]) -> list[tuple[str, int]]:
    """Embeddings, heads, routers and other matrices without adapters, the largest first."""
    sizes: Counter[str] = Counter()
    for name, p in model.named_parameters():
        module = name.removesuffix(".weight")
        if p.ndim > 1 and module not in taken and name not in taken:
            sizes[_last(module)] += p.numel()
    return sizes.most_common()


def _named(taken: Mapping[str, Matrix]) -> str:
    kinds = Counter(map(_last, taken))
    return listed(f"{kind} × {count}" for kind, count in kinds.items())


def _ends_in(name: str, target: str) -> bool:
    return f".{name}".endswith(f".{target}") or f".{name}".endswith(f".{target}.weight")


def _last(name: str) -> str:
    return name.removesuffix(".weight").rpartition(".")[2]
