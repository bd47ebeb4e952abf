"""Policy identity: one name for one set of weights."""

import time
from collections.abc import Mapping

import torch
import xxhash
from torch import Tensor

from whet.types.weights import Leaf, Version, Weights

_CHUNK = 1 << 26  # bytes on their way from another device at once


def digest(weights: Mapping[str, Tensor]) -> str:
    """The tree digest of all tensors: equal iff every bit of every weight is."""
    return tree(manifest(weights))


def manifest(weights: Mapping[str, Tensor]) -> dict[str, Leaf]:
    """Shape, dtype and digest of every tensor: one pass over all bytes."""
    return {
        name: Leaf(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), leaf(tensor))
        for name, tensor in weights.items()
    }


def tree(leaves: Mapping[str, Leaf]) -> str:
    """h(name, dtype, shape, leaf digest) over all leaves in the order of their names."""
    held = xxhash.xxh3_128()
    for name in sorted(leaves):
        one = leaves[name]
        held.update(f"{name!r} {one.dtype} {one.shape} {one.digest}\n".encode())
    return held.hexdigest()


def leaf(tensor: Tensor) -> str:
    """XXH3 (128 bits) of a tensor's bytes.  It guards against accidents, not against forgers.

    A tensor on another device is hashed on this one: its bytes are moved here in chunks of 64 MiB.
    """
    held = xxhash.xxh3_128()
    flat = tensor.detach().contiguous().view(-1).view(torch.uint8)
    for chunk in flat.split(_CHUNK):
        held.update(chunk.cpu().numpy().data)
    return held.hexdigest()


def sealed(step: int, tensors: Mapping[str, Tensor]) -> Weights:
    """These tensors with their manifest and their version."""
    leaves = manifest(tensors)
    return Weights(Version(step, tree(leaves)), leaves, tensors)


def hash_rate() -> float:
    """Bytes per second that this machine hashes, measured on 32 MiB."""
    sample = torch.zeros(1 << 23, dtype=torch.float32)
    start = time.perf_counter()
    leaf(sample)
    return 4 * len(sample) / (time.perf_counter() - start)
