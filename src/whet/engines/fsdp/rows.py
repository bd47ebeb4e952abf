"""A digest of sharded tensors: every rank hashes its own rows."""

from collections.abc import Mapping

import torch
import xxhash
from torch import Tensor
from torch.distributed.tensor import DTensor

from whet.engines.digest import leaf, tree
from whet.engines.fsdp.ranks import Ranks
from whet.types.weights import Leaf

_MATRIX = 2  # dimensions from which on a tensor has rows; a vector is hashed as a whole


def row_digest(ranks: Ranks, tensors: Mapping[str, Tensor]) -> str:
    """The hash over (name, dtype, shape, h(h(row 0) h(row 1) …)) of all tensors, in order of names.

    It is the same on any number of ranks, for none of them splits a row.  16 bytes a row are
    exchanged.  Vectors are gathered, and hashed in one piece.

    All ranks call it, with tensors of the same names.
    """
    names = sorted(tensors)
    own = {name: _rows(tensors[name]) for name in names if _by_rows(tensors[name])}
    everyone = ranks.gathered(own)
    leaves = {}
    for name in names:
        tensor = tensors[name]
        if name in own:
            held = xxhash.xxh3_128(b"".join(rank[name] for rank in everyone)).hexdigest()
        else:
            held = leaf(tensor.full_tensor() if isinstance(tensor, DTensor) else tensor)
        dtype = str(tensor.dtype).removeprefix("torch.")
        leaves[name] = Leaf(tuple(tensor.shape), dtype, held)
    return tree(leaves)


def _by_rows(tensor: Tensor) -> bool:
    return isinstance(tensor, DTensor) and tensor.ndim >= _MATRIX


def _rows(tensor: Tensor) -> bytes:
    """The digests of this rank's rows, one after another."""
    local = tensor.to_local().detach() if isinstance(tensor, DTensor) else tensor
    if not local.numel():
        return b""
    lines = local.contiguous().flatten(1).cpu().view(torch.uint8).numpy()
    return b"".join(xxhash.xxh3_128_digest(line.data) for line in lines)
