"""Loading received weights into a model, with verification."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import Module

from whet.engines.digest import manifest, tree
from whet.types import IntegrityError
from whet.types.weights import Version, Weights


def deliver(model: Module, weights: Weights) -> Version:
    """Copy the tensors into the model and hash the result.

    Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
    shape or dtype (nothing is copied then), or that differs from the manifest after the copy.
    """
    own = model.state_dict()
    _check(own, weights.tensors)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(weights.tensors[name])
    arrived = manifest(own)
    if (held := tree(arrived)) != weights.version.digest:
        names = sorted(arrived.keys() | weights.manifest.keys())
        other = [n for n in names if arrived.get(n) != weights.manifest.get(n)]
        which = f"{other[0]!r} differs ({len(other)} in all)" if other else "its manifest differs"
        raise IntegrityError(
            f"weights {weights.version.step} did not arrive as they were sent: {which}"
        )
    return Version(weights.version.step, held)


def _check(own: Mapping[str, Tensor], sent: Mapping[str, Tensor]) -> None:
    for name in sorted(own.keys() | sent.keys()):
        if name not in sent:
            raise IntegrityError(f"tensor {name!r} is missing from the weights that were sent")
        if name not in own:
            raise IntegrityError(f"tensor {name!r} was sent, but the model has none of that name")
        here, there = own[name], sent[name]
        if (here.shape, here.dtype) != (there.shape, there.dtype):
            raise IntegrityError(
                f"tensor {name!r} was sent as {there.dtype} {tuple(there.shape)}, "
                f"but the model has {here.dtype} {tuple(here.shape)}"
            )
