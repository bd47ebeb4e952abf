"""The same gradient, bit by bit, each time that a GPU computes it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils import deterministic

from whet.types import UsageError

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
os.environ.setdefault(_WORKSPACE, ":4096:8")  # torch reads it before the first product on a GPU


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Restrict torch to deterministic kernels inside the block; on a CPU nothing changes.

    Without it, the backward pass of attention on a GPU adds in another order each time, so that two
    runs of one seed end with different weights.  torch's settings are restored afterwards.

    Raises `UsageError` for a model with an operation that has no deterministic kernel.
    """
    if device.type != "cuda":
        yield
        return
    mode = torch.get_deterministic_debug_mode()
    memory: Any = deterministic
    filled = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(mode=True)
    memory.fill_uninitialized_memory = False  # costs time, and nothing here reads it
    try:
        yield
    except RuntimeError as error:
        if _WORKSPACE in str(error):
            raise UsageError(
                f"torch computed on {device.type} before whet was imported, and can't repeat a "
                f"product any more; import whet first, or set {_WORKSPACE}=:4096:8"
            ) from error
        if "use_deterministic_algorithms" not in str(error):
            raise
        raise UsageError(
            f"the model has an operation without a deterministic kernel on {device.type} "
            f"({str(error).partition('.')[0]:.120}), so no run could be repeated; give "
            "engine.device cpu"
        ) from error
    finally:
        torch.set_deterministic_debug_mode(mode)
        memory.fill_uninitialized_memory = filled
