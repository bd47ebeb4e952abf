"""Digests of weights, which identify a policy version."""

import time
from collections.abc import Mapping

import torch
import xxhash
from torch import Tensor

from whet.types.weights import Leaf, Version, Weights

_CHUNK = 1 << 26  # bytes copied from another device at once


def digest(weights: Mapping[str, Tensor]) -> str:
    """The digest of all tensors; equal if and only if every bit of every tensor is."""
    return tree(manifest(weights))


def manifest(weights: Mapping[str, Tensor]) -> dict[str, Leaf]:
    """Shape, dtype and digest of every tensor, in one pass over all bytes."""
    return {
        name: Leaf(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), leaf(tensor))
        for name, tensor in weights.items()
    }


def tree(leaves: Mapping[str, Leaf]) -> str:
    """The hash over (name, dtype, shape, digest) of all tensors, in order of their names."""
    held = xxhash.xxh3_128()
    for name in sorted(leaves):
        one = leaves[name]
        held.update(f"{name!r} {one.dtype} {one.shape} {one.digest}\n".encode())
    return held.hexdigest()


def leaf(tensor: Tensor) -> str:
    """XXH3 (128 bits) of a tensor's bytes, a protection against accidents, not against attacks.

    A tensor on another device is copied to this one in chunks of 64 MiB.
    """
    held = xxhash.xxh3_128()
    flat = tensor.detach().contiguous().view(-1).view(torch.uint8)
    for chunk in flat.split(_CHUNK):
        held.update(chunk.cpu().numpy().data)
    return held.hexdigest()


def sealed(step: int, tensors: Mapping[str, Tensor]) -> Weights:
    """The tensors with their manifest and their version."""
    leaves = manifest(tensors)
    return Weights(Version(step, tree(leaves)), leaves, tensors)


def hash_rate() -> float:
    """Bytes per second that this machine hashes, measured on 32 MiB."""
    sample = torch.zeros(1 << 23, dtype=torch.float32)
    start = time.perf_counter()
    leaf(sample)
    return 4 * len(sample) / (time.perf_counter() - start)
