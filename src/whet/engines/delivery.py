"""Loading received weights into a model, with verification."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import Module

from whet.engines.digest import LeafCache, tree
from whet.engines.states import mismatch
from whet.types import IntegrityError
from whet.types.weights import Leaf, Version, Weights


def deliver(model: Module, weights: Weights, leaves: LeafCache | None = None) -> Version:
    """Copy the tensors into the model and hash the result; `leaves` keeps what was hashed.

    Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
    shape or dtype (nothing is copied then), or that differs from the manifest after the copy.
    """
    held = _loaded(model.state_dict(), weights, leaves)
    if (found := tree(held)) != weights.version.digest:
        raise _otherwise(weights, "its manifest differs")
    return Version(weights.version.step, found)


def deliver_part(own: Mapping[str, Tensor], weights: Weights, leaves: LeafCache) -> Version:
    """Copy adapters onto those of the model; its base is that of the learner.

    The version is the one that was sent.  Raises as `deliver` does.
    """
    _loaded(own, weights, leaves)
    return weights.version


def _loaded(
    own: Mapping[str, Tensor], weights: Weights, leaves: LeafCache | None
) -> dict[str, Leaf]:
    if odd := mismatch(own, weights.tensors):
        raise IntegrityError(f"weights {weights.version.step} were not sent whole: {odd}")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(weights.tensors[name])
    arrived = (leaves or LeafCache()).manifest(own)
    names = sorted(arrived.keys() | weights.manifest.keys())
    if other := [n for n in names if arrived.get(n) != weights.manifest.get(n)]:
        raise _otherwise(weights, f"{other[0]!r} differs ({len(other)} in all)")
    return arrived


def _otherwise(weights: Weights, told: str) -> IntegrityError:
    return IntegrityError(
        f"weights {weights.version.step} did not arrive as they were sent: {told}"
    )
