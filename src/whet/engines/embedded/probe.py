"""Whether the engine computes what a model computes: a forward pass of two texts, in both ways.

`whet.engines.embedded.decoding_probe` asks the same of cached keys.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import PreTrainedModel

from whet.engines.embedded.forest import Forest, Segment, build_forest
from whet.engines.embedded.unsupported import REMEDY, reasons
from whet.engines.positions import positions_of
from whet.types import UsageError

_SHARED, _OWN = 3, 5  # at most: tokens that both texts begin with, and tokens of each
_TOLERANCE = 1e-3  # of float32 logits, between the split model and the original one
Logits = Callable[[Int[Tensor, " n"], Int[Tensor, " n"], Forest], Float[Tensor, "n V"]]


@dataclass(frozen=True, slots=True)
class _Counted:
    """A forest that records the layers that attend over it."""

    inner: Forest
    layers: set[int] = field(default_factory=set)

    @property
    def longest(self) -> int:
        return self.inner.longest

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        self.layers.add(layer)
        return self.inner.attend(layer, query, key, value, scale)


@torch.no_grad()
def plain_logits(model: PreTrainedModel) -> Tensor:
    """Logits [2, 8, V] of the original model for two texts that begin alike.

    Texts are shorter where the model has fewer than 8 positions.

    Raises `UsageError` for a model that can't be run.
    """
    shared, own = _sizes(model)
    ids = _tokens(model)
    rows = torch.stack([torch.cat([ids[:shared], one]) for one in ids[shared:].split(own)])
    return _run(model, lambda: model(input_ids=rows, use_cache=False).logits.float())


@torch.no_grad()
def compare(model: PreTrainedModel, plain: Tensor, logits: Logits) -> None:
    """Refuse a model for which the engine's logits of the same texts differ.

    The engine computes the common beginning once, and each text must not see the other one.  Raises
    `UsageError`, also for a layer that does not attend by the engine's function.
    """
    ids, device = _tokens(model), model.device
    shared, own = _sizes(model)
    segments = [Segment(0, shared), *(Segment(shared + i * own, own, (0,)) for i in (0, 1))]
    forest = _Counted(build_forest(segments, device))
    each = torch.arange(shared, shared + own, device=device)
    positions = torch.cat([torch.arange(shared, device=device), each, each])
    found = _run(model, lambda: logits(ids, positions, forest).float())
    _check_layers(model, forest.layers)
    rows = torch.stack([torch.cat([found[:shared], one]) for one in found[shared:].split(own)])
    gap, most = (rows - plain).abs().max().item(), plain.abs().max().item()
    tolerance = tolerance_of(model)
    if not gap <= tolerance * most:
        raise refusal(
            model,
            "computes something that the embedded engine does not "
            f"(logits of at most {most:.3g} differ by {gap:.3g})",
        )


def refusal(model: PreTrainedModel, what: str) -> UsageError:
    """The error that says what a model does, which of its settings explain it, and the remedy."""
    why = reasons(model.config)
    return UsageError(
        f"model {model.config.model_type!r} {what}{': ' if why else ''}{why}; {REMEDY}"
    )


def tolerance_of(model: PreTrainedModel) -> float:
    """The largest difference of logits that is rounding, as a share of the largest logit."""
    return max(_TOLERANCE, 16 * torch.finfo(model.dtype).eps)


def _check_layers(model: PreTrainedModel, attended: set[int]) -> None:
    config: Any = model.config.get_text_config()
    if odd := sorted(set(range(config.num_hidden_layers)) - attended):
        raise refusal(
            model,
            f"has {len(odd)} layers without the attention that the embedded engine computes, the "
            f"first is layer {odd[0]}",
        )


def _run(model: PreTrainedModel, compute: Callable[[], Tensor]) -> Tensor:
    try:
        return compute()
    except (TypeError, AttributeError, LookupError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        told = reason if isinstance(error, UsageError) else f"{type(error).__name__}: {reason:.200}"
        raise refusal(model, f"can't be run by the embedded engine ({told})") from error


def _tokens(model: PreTrainedModel) -> Tensor:
    size = model.config.get_text_config().vocab_size
    shared, own = _sizes(model)
    return torch.arange(1, 1 + shared + 2 * own, device=model.device) % size


def probe_texts(model: PreTrainedModel) -> tuple[list[int], list[int]]:
    """The ids of the two texts, which begin alike."""
    shared, own = _sizes(model)
    ids = _tokens(model).tolist()
    return [*ids[: shared + own]], [*ids[:shared], *ids[shared + own :]]


def _sizes(model: PreTrainedModel) -> tuple[int, int]:
    """The tokens that both texts begin with, and those of each, within the model's positions."""
    room = positions_of(model.config).usable
    shared = min(_SHARED, room // 2)
    return shared, max(1, min(_OWN, room - shared))
