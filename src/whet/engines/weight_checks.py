"""Checks of weights against their model, so that none is initialised, cut, cast or left out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from whet.engines.folders import CONFIG, listed, named
from whet.engines.tensors import FLOATS, Stored, read
from whet.types import UsageError

_LOOKED_AT = 20  # names in which a common prefix is looked for
_WRAPPERS = {
    "module.": "save model.module, the model inside DistributedDataParallel",
    "_orig_mod.": "save model._orig_mod, the model before torch.compile",
    "base_model.model.": "save model.merge_and_unload(), the model inside peft",
}


def insist_on_names(folder: Path, found: Mapping[str, Any]) -> None:
    """Raise `UsageError` for weights that the library would initialise, skip or cut.

    `found` is the loading report of `from_pretrained`.
    """
    shapes = [f"{name} {list(is_)} for {list(due)}" for name, is_, due in found["mismatched_keys"]]
    wrong = [
        f"{what} {listed(names)}"
        for what, names in (
            ("lack", found["missing_keys"]),
            ("have besides", found["unexpected_keys"]),
            ("have another shape in", shapes),
        )
        if names
    ]
    if wrong:
        remedy = _remedy(found["missing_keys"], found["unexpected_keys"])
        raise UsageError(f"{named(folder)}: its weights {', and '.join(wrong)}; {remedy}")


def _remedy(missing: Iterable[str], besides: Iterable[str]) -> str:
    """What to do about wrong names; a prefix that all of them have is named."""
    due, besides = set(missing), set(besides)
    if any(".lora_A" in name or ".base_layer." in name for name in besides):
        return "adapters are not merged: save model.merge_and_unload()"
    prefix = _prefix(due, sorted(besides))
    if prefix and all(name.startswith(prefix) for name in besides):
        inner = next((told for known, told in _WRAPPERS.items() if known in prefix), "")
        return f"all names begin with {prefix!r}: {inner or 'rename them'}"
    return (
        f"{CONFIG} and weights are of different models, or a file is missing: save both again with "
        "save_pretrained"
    )


def _prefix(due: set[str], besides: Sequence[str]) -> str:
    """What a name has before one that is due; empty for none."""
    for name in besides[:_LOOKED_AT]:
        for known in due:
            if name.endswith(f".{known}"):
                return name.removesuffix(known)
    return ""


def insist_on_dtypes(folder: Path, model: PreTrainedModel, held: Stored) -> None:
    """Raise `UsageError` for integers, truth values and codes of 8 bits in place of weights."""
    ignored = [re.compile(p) for p in model._keys_to_ignore_on_load_unexpected or ()]
    counted = {name for name, b in model.named_buffers() if not b.is_floating_point()}
    odd = [
        f"{name} ({tensor.dtype})"
        for name, tensor in held.items()
        if tensor.dtype not in FLOATS
        and name not in counted
        and not any(pattern.search(name) for pattern in ignored)
    ]
    if odd:
        raise UsageError(
            f"{named(folder)}: its weights are no floating-point numbers in {listed(odd)}; they "
            "are quantised or damaged: give the original model"
        )


def insist_on_ties(folder: Path, model: PreTrainedModel, held: Stored) -> None:
    """Raise `UsageError` for two different tensors that the config declares to be one.

    `model` has no values: the library ties them only where it can compare them.
    """
    for target, source in model.get_expanded_tied_weights_keys(all_submodels=True).items():
        if model.get_parameter(target) is model.get_parameter(source):
            continue  # the files have one of them
        pair = _candidates(model, (target, source), held)
        first, *others = (read(folder, name, held[name]) for name in pair)
        if not all(torch.equal(first, other) for other in others):
            raise UsageError(
                f"{named(folder)}: {CONFIG} ties {target} to {source}, but {' and '.join(pair)} "
                "differ in the weights; set tie_word_embeddings to false, or delete one of them"
            )


def _candidates(model: PreTrainedModel, tied: tuple[str, str], held: Stored) -> list[str]:
    """The names in the files of two tied tensors, which the library may rename.

    They have the shape of the tied tensor, and no name of another one.
    """
    shape = tuple(model.get_parameter(tied[1]).shape)
    others = model.state_dict().keys() - set(tied)
    return sorted(n for n, tensor in held.items() if tensor.shape == shape and n not in others)


def insist_on_finite(folder: Path, model: PreTrainedModel) -> None:
    """Raise `UsageError` for NaN and infinity in loaded weights, also where no token reaches."""
    odd = [name for name, weight in model.state_dict().items() if not _finite(weight)]
    if odd:
        narrow = " (or too large for it)" if model.dtype == torch.float16 else ""
        raise UsageError(
            f"{named(folder)}: NaN or infinity in {listed(odd)}, loaded as "
            f"{str(model.dtype).removeprefix('torch.')}{narrow}; give other weights, or another "
            "model.dtype"
        )


def _finite(weight: Tensor) -> bool:
    if not weight.is_floating_point() or not weight.numel():
        return True
    low, high = weight.aminmax()  # both are NaN if any element is
    return bool(low.isfinite() and high.isfinite())
