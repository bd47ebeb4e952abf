"""Counter-based random numbers, which depend on a rollout's seed and position only."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

# the odd constants of SplitMix64 (Steele, Lea, Flood 2014, OOPSLA), as signed 64-bit integers
_GOLDEN = -7046029254386353131
_FIRST = -4658895280553007687
_SECOND = -7723592293110705685
_MANTISSA = 53


def _shifted(x: Int[Tensor, " n"], bits: int) -> Int[Tensor, " n"]:
    """X >> bits of an unsigned integer that is stored as a signed one."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mixed(x: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    x = (x ^ _shifted(x, 30)) * _FIRST
    x = (x ^ _shifted(x, 27)) * _SECOND
    return x ^ _shifted(x, 31)


def uniforms(seed: Int[Tensor, " n"], place: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The `place`-th number of the stream `seed`: u ∈ [0, 1) in float64."""
    mixed = _mixed(_mixed(seed + _GOLDEN) + (place + 1) * _GOLDEN)
    return _shifted(mixed, 64 - _MANTISSA).to(torch.float64) * 2.0**-_MANTISSA
