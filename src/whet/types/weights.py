"""Weights, their versions, and how they meet sequences that are under way."""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float32, Int32
from numpy import ndarray
from torch import Tensor

from whet.types.tasks import Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One set of weights: how many deliveries led to it, and the digest of its bytes."""

    step: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One tensor of the manifest."""

    shape: tuple[int, ...]
    dtype: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A sealed delivery: what was sent, and how to tell that all of it arrived."""

    version: Version
    manifest: Mapping[str, Leaf]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Drain:
    """Weights wait until nothing is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """Weights arrive at once; sequences under way are interrupted and go on with the new ones."""

    reread: bool = True  # compute keys and values of what was said anew


Flight = Drain | Continue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completion:
    """What a generator adds to a row: n tokens, and what its distribution was before each."""

    token_ids: Int32[ndarray, " n"]
    logp: Float32[ndarray, " n"]
    entropy: Float32[ndarray, " n"] | None  # None: the engine does not tell
    spans: tuple[tuple[int, Version], ...]  # how many tokens each version chose
    columns: Mapping[str, ndarray]
    finish: Finish | None  # None: interrupted
