"""Digests of weights, which identify a policy version."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import torch
import xxhash
from torch import Tensor

from whet.types import IntegrityError
from whet.types.weights import Leaf, Version, Weights

_CHUNK = 1 << 26  # bytes copied from another device at once
_CACHED = 1 << 20  # bytes that a CPU reads twice from its cache: for the hash, and for NaN


def digest(weights: Mapping[str, Tensor]) -> str:
    """The digest of all tensors; equal if and only if every bit of every tensor is."""
    return tree(manifest(weights))


def manifest(
    weights: Mapping[str, Tensor] | Iterable[tuple[str, Tensor]],
) -> dict[str, Leaf]:
    """Shape, dtype, digest and finiteness of every tensor, in one pass over all bytes.

    Tensors that are given in pairs are let go one by one.
    """
    pairs = weights.items() if isinstance(weights, Mapping) else weights
    return {name: _leaf(tensor) for name, tensor in cast("Iterable[tuple[str, Tensor]]", pairs)}


@dataclass(slots=True)
class LeafCache:
    """Manifest entries of tensors; a tensor is hashed again only after it was written to.

    torch counts the writes of its operators to a tensor, `copy_` among them.  A fused optimizer and
    other libraries write past that count, so the cache is for models that no optimizer changes.
    """

    known: dict[str, tuple[tuple[int, int], Leaf]] = field(default_factory=dict)

    def manifest(self, weights: Mapping[str, Tensor]) -> dict[str, Leaf]:
        """Manifest of tensors by name."""
        return {name: self._leaf(name, tensor) for name, tensor in weights.items()}

    def _leaf(self, name: str, tensor: Tensor) -> Leaf:
        state = (tensor.data_ptr(), tensor._version)
        before, leaf = self.known.get(name, (None, None))
        if before == state and leaf is not None and leaf.shape == tuple(tensor.shape):
            return leaf
        leaf = _leaf(tensor)
        self.known[name] = state, leaf
        return leaf


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
    return _leaf(tensor).digest


def _leaf(tensor: Tensor) -> Leaf:
    """The entry of one tensor.  Each chunk is hashed, and looked through for NaN and infinity."""
    held, finite = xxhash.xxh3_128(), True
    flat = tensor.detach().contiguous().view(-1)
    size = _CHUNK if flat.device.type != "cpu" else min(_CHUNK, _CACHED)
    for chunk in flat.split(max(1, size // flat.element_size())):
        finite = finite and _finite(chunk)
        held.update(chunk.view(torch.uint8).cpu().numpy().data)
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Leaf(tuple(tensor.shape), dtype, held.hexdigest(), finite)


def _finite(chunk: Tensor) -> bool:
    if not chunk.is_floating_point() or not chunk.numel():
        return True
    low, high = chunk.aminmax()  # both are NaN if any element is
    return bool(low.isfinite() and high.isfinite())


def checked(step: int, leaves: dict[str, Leaf]) -> dict[str, Leaf]:
    """The same manifest.  Raises `IntegrityError` for tensors that are not finite, by name."""
    if odd := [name for name, one in leaves.items() if not one.finite]:
        raise IntegrityError(
            f"NaN or infinity in the weights of version {step}: {odd[0]!r} ({len(odd)} of "
            f"{len(leaves)} tensors); the last optimizer step made it, also where no token reads it"
        )
    return leaves


def sealed(step: int, tensors: Mapping[str, Tensor]) -> Weights:
    """The tensors with their manifest and their version.

    Raises `IntegrityError` for NaN and infinity in any of them.
    """
    held = checked(step, manifest(tensors))
    return Weights(Version(step, tree(held)), held, tensors)


def hash_rate() -> float:
    """Bytes per second that this machine hashes, measured on 32 MiB."""
    sample = torch.zeros(1 << 23, dtype=torch.float32)
    start = time.perf_counter()
    leaf(sample)
    return 4 * len(sample) / (time.perf_counter() - start)
