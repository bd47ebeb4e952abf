"""Sharing: the weight v of a token that several leaves of a tree have in common.

A fork copies the tokens before it into every leaf, and each leaf is a rollout. Without a weight a
shared token would be learned once per leaf.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from whet.protocols.algorithm import Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerToken(Sharing):
    """Each token counts once. v_n = 1 / (leaves that share it).

    This equals one copy of the token with the mean advantage of its leaves.
    """

    def __call__(
        self,
        ids: Sequence[str],
        parents: Sequence[str],
        forked_at: Sequence[int],
        lengths: Sequence[int],
    ) -> Float[Tensor, " N"]:
        nodes = list(_nodes(ids, parents, forked_at, lengths))
        leaves = Counter(nodes)
        return torch.tensor([1 / leaves[node] for node in nodes], dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerLeaf(Sharing):
    """Each token counts once for every leaf that has it. v_n = 1."""

    def __call__(
        self,
        ids: Sequence[str],
        parents: Sequence[str],
        forked_at: Sequence[int],
        lengths: Sequence[int],
    ) -> Float[Tensor, " N"]:
        return torch.ones(sum(lengths), dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerRoot(Sharing):
    """Each tree counts once. v_n = 1 / (leaves of its tree), for shared and unshared tokens alike.

    It is the REINFORCE estimator for samples of the root, with the n leaves as continuations.
    """

    def __call__(
        self,
        ids: Sequence[str],
        parents: Sequence[str],
        forked_at: Sequence[int],
        lengths: Sequence[int],
    ) -> Float[Tensor, " N"]:
        parent = dict(zip(ids, parents, strict=True))
        roots = [_lineage(name, parent)[-1] for name in ids]
        leaves = Counter(roots)
        each = zip(roots, lengths, strict=True)
        weights = [1 / leaves[root] for root, length in each for _ in range(length)]
        return torch.tensor(weights, dtype=torch.float64)


def _nodes(
    ids: Sequence[str], parents: Sequence[str], forked_at: Sequence[int], lengths: Sequence[int]
) -> Iterator[tuple[str, int]]:
    """For each token, the rollout that first sampled it and its position there.

    A parent that is missing from the batch, because of a fault, still identifies the shared tokens.
    """
    parent = dict(zip(ids, parents, strict=True))
    if len(parent) < len(ids):
        raise ValueError("two rollouts have the same id: give each its own")
    until = dict(zip(ids, forked_at, strict=True))
    for name, length in zip(ids, lengths, strict=True):
        if until[name] > length:
            raise ValueError(f"rollout {name!r} forked at {until[name]}, but has {length} tokens")
        lineage = _lineage(name, parent)
        for place in range(length):
            yield _owner(lineage, until, place), place


def _lineage(name: str, parent: dict[str, str]) -> list[str]:
    """The rollout, its parent, and so on up to the root."""
    lineage = [name]
    while above := parent.get(lineage[-1], ""):
        if above in lineage:
            raise ValueError(f"rollout {name!r} is its own ancestor: parents must be a tree")
        lineage.append(above)
    return lineage


def _owner(lineage: Sequence[str], until: dict[str, int], place: int) -> str:
    """The first rollout of the lineage that sampled this token itself."""
    for name in lineage[:-1]:
        if place >= until[name]:
            return name
    return lineage[-1]
