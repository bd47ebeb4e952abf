"""Loading received weights into a model, with verification."""

import torch
from torch.nn import Module

from whet.engines.digest import manifest, tree
from whet.engines.states import mismatch
from whet.types import IntegrityError
from whet.types.weights import Version, Weights


def deliver(model: Module, weights: Weights) -> Version:
    """Copy the tensors into the model and hash the result.

    Raises `IntegrityError` with the name of a tensor that is missing, unexpected, or of another
    shape or dtype (nothing is copied then), or that differs from the manifest after the copy.
    """
    own = model.state_dict()
    if odd := mismatch(own, weights.tensors):
        raise IntegrityError(f"weights {weights.version.step} were not sent whole: {odd}")
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
