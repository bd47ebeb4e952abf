"""Policy identity: one name for one set of weights."""

from collections.abc import Mapping
from hashlib import blake2b

import torch
from torch import Tensor


def digest(weights: Mapping[str, Tensor]) -> str:
    """h(name, dtype, shape, bytes) over all tensors in the order of their names.

    Two digests are equal iff every bit of every weight is.
    """
    held = blake2b(digest_size=16)
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        held.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        held.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return held.hexdigest()
