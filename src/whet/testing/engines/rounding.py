"""How far two computations of one number may lie apart, by the dtype of the weights."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """Largest differences that are rounding."""

    logp: float  # of a token's log-prob and of an entropy, in nats
    gradient: float  # of a tensor's gradient, as a share of its norm
    texts: bool  # whether rounding is too small to change a sampled token
    stray: float = 0.0  # share of tokens that may differ by more


_LIMITS = {
    torch.float64: Rounding(logp=1e-9, gradient=1e-6, texts=True),
    torch.float32: Rounding(logp=1e-4, gradient=2e-3, texts=True),
    torch.float16: Rounding(logp=0.05, gradient=0.1, texts=False),
    torch.bfloat16: Rounding(logp=0.4, gradient=0.3, texts=False),
}


_STRAY = 0.15
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def limits_of(config: Any, dtype: torch.dtype) -> Rounding:
    """The limits of a dtype.  Raises `UsageError` for another one.

    Where two experts are about equally apt, rounding of low precision decides between them, and a
    log-prob changes by up to a nat or two.  So a model of experts may have a few such tokens.
    """
    if dtype not in _LIMITS:
        known = ", ".join(str(one).removeprefix("torch.") for one in _LIMITS)
        raise UsageError(f"weights are {dtype}, for which there are no limits; give {known}")
    found, text = _LIMITS[dtype], config.get_text_config()
    experts = any((getattr(text, name, None) or 0) > 1 for name in _EXPERTS)
    return found if found.texts or not experts else replace(found, stray=_STRAY)
