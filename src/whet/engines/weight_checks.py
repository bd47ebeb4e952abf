"""Checks of weights against their model, so that none is initialised, cut, cast or left out."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import PreTrainedModel

from whet.engines.folders import CONFIG, listed, named, weight_index
from whet.engines.tensors import FLOATS, Stored, read, values
from whet.types import UsageError

_LEFTOVERS = (  # buffers that older versions of the library saved, and that it computes now
    r"\brotary_emb\.(inv_freq|cos_cached|sin_cached)$",
    r"\battn\.(masked_bias|causal_mask)$",
    r"\battention\.masked_bias$",
    r"(^|\.)position_ids$",
)
_MASK = re.compile(r"\b(attn|attention)\.bias$")  # a buffer if it is [1, 1, positions, positions]
_MASK_DIMENSIONS = 4
_LOOKED_AT = 20  # names in which a common prefix is looked for
_WRAPPERS = {
    "module.": "save model.module, the model inside DistributedDataParallel",
    "_orig_mod.": "save model._orig_mod, the model before torch.compile",
    "base_model.model.": "save model.merge_and_unload(), the model inside peft",
}


def leftovers(model: PreTrainedModel, held: Stored) -> set[str]:
    """Tensors of the files that are no weights of the model, and that it computes itself."""
    known = [*(model._keys_to_ignore_on_load_unexpected or ()), *_LEFTOVERS]
    patterns = [re.compile(pattern) for pattern in known]
    own = model.state_dict().keys()
    return {
        name
        for name, tensor in held.items()
        if name not in own
        and (
            any(pattern.search(name) for pattern in patterns)
            or (len(tensor.shape) == _MASK_DIMENSIONS and _MASK.search(name))
        )
    }


def insist_on_names(folder: Path, model: PreTrainedModel, held: Stored, found: Any) -> None:
    """Raise `UsageError` for weights that the library would initialise, skip or cut.

    `found` is the loading report of `from_pretrained`.
    """
    shapes = [f"{name} {list(is_)} for {list(due)}" for name, is_, due in found["mismatched_keys"]]
    besides = set(found["unexpected_keys"]) - leftovers(model, held)
    wrong = _listed({"lack": found["missing_keys"], "have besides": besides})
    wrong += _listed({"have another shape in": shapes})
    if wrong:
        remedy = _remedy(found["missing_keys"], besides)
        raise UsageError(f"{named(folder)}: its weights {', and '.join(wrong)}; {remedy}")


def insist_on_index(folder: Path, model: PreTrainedModel, held: Stored) -> None:
    """Raise `UsageError` if an index and its shards disagree about a tensor.

    The index may have further names of a tied tensor, which is stored once, and those of buffers
    that are no weights.
    """
    index, free = weight_index(folder), leftovers(model, held)
    own = model.state_dict().keys()
    lost = {name: file for name, file in index.items() if name not in held and name not in own}
    for name in [n for n in lost if any(re.search(p, n) for p in _LEFTOVERS)]:
        del lost[name]
    absent = [f"{name} (said to be in {file})" for name, file in lost.items()]
    besides = [f"{n} (in {t.file})" for n, t in held.items() if n not in index and n not in free]
    moved = [
        f"{name} (in {held[name].file}, not {file})"
        for name, file in index.items()
        if name in held and held[name].file != file
    ]
    told = _listed({"lack": absent, "have besides": besides, "hold elsewhere": moved})
    if index and told:
        raise UsageError(
            f"{named(folder)}: its shards {', and '.join(told)}; index and shards are of different "
            "saves: download or save them again"
        )


def _listed(groups: Mapping[str, Collection[str]]) -> list[str]:
    return [f"{what} {listed(names)}" for what, names in groups.items() if names]


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
    free = leftovers(model, held)
    counted = {name for name, b in model.named_buffers() if not b.is_floating_point()}
    odd = [
        f"{name} ({tensor.dtype})"
        for name, tensor in held.items()
        if tensor.dtype not in FLOATS and name not in counted and name not in free
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


def insist_on_values(folder: Path, model: PreTrainedModel, held: Stored) -> None:
    """Raise `UsageError` for loaded weights that are not those of the files in the model's dtype.

    A library may initialise a part of a tensor again after it was read.  Weights that it renames or
    joins while reading are not compared.
    """
    own, odd = model.state_dict(), []
    for name, tensor in values(folder, held):
        weight = own.get(name)
        if weight is None or weight.shape != tensor.shape:
            continue
        if not torch.equal(tensor.to(weight.dtype), weight.cpu()):
            odd.append(name)
    if odd:
        raise UsageError(
            f"{named(folder)}: transformers {transformers.__version__} changes {listed(odd)} of a "
            f"{model.config.model_type!r} model when it reads them; use another version"
        )


def same_weights(folder: Path, held: Stored, own: Mapping[str, Tensor]) -> bool:
    """Whether the files of a folder have exactly these weights, which are read one by one.

    Files have one name of a tensor that is tied to others.
    """
    stored_once = {own[name].data_ptr() for name in held if name in own}
    tied = all(own[name].data_ptr() in stored_once for name in own.keys() - held.keys())
    return (
        tied
        and held.keys() <= own.keys()
        and all(torch.equal(x.to(own[n].dtype), own[n].cpu()) for n, x in values(folder, held))
    )


def _finite(weight: Tensor) -> bool:
    if not weight.is_floating_point() or not weight.numel():
        return True
    low, high = weight.aminmax()  # both are NaN if any element is
    return bool(low.isfinite() and high.isfinite())
