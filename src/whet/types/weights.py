"""Weights on their way from a learner to generators, and the names they go by."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from whet.types.versions import Version as Version


@dataclass(frozen=True, slots=True)
class Leaf:
    """One tensor of a manifest; its digest is that of its bytes."""

    shape: tuple[int, ...]
    dtype: str  # as torch says it, without "torch."
    digest: str


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors, sealed: a generator that holds other bytes than the manifest's is found out."""

    version: Version
    manifest: Mapping[str, Leaf]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """New weights wait until every sequence has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """New weights interrupt live sequences, which go on from the tokens they have.

    With `reread` the new weights compute the keys and values of those tokens afresh, so that every
    token has the log-probability that the weights of its own version give it.
    """

    reread: bool = True


Flight = Drain | Continue
"""What new weights do to sequences that are under way."""
