"""Versioned model weights, sent from a learner to generators."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from whet.types.versions import Version as Version


@dataclass(frozen=True, slots=True)
class Leaf:
    """Manifest entry of one tensor; `digest` is a hash of its bytes."""

    shape: tuple[int, ...]
    dtype: str  # torch's name, without "torch."
    digest: str
    finite: bool = True  # False: an element is NaN or infinite


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors with a manifest of their digests, so that a generator can verify what arrived.

    Adapters may stand for a model whose base the generator has; the version is of the sum.
    """

    version: Version
    manifest: Mapping[str, Leaf]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """New weights wait until every live sequence has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """New weights interrupt live sequences, which then continue from the tokens that they have.

    With `reread` the new weights recompute the keys and values of those tokens, so that every
    token's log-prob is that of the weights of its own version.
    """

    reread: bool = True


Flight = Drain | Continue
"""How new weights treat live sequences."""
