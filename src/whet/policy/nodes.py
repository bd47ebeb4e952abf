"""Nodes of trees of rollouts: consecutive tokens that the same leaves share.

A fork copies the tokens before it into a rollout of its own, so every leaf of a tree is a whole
rollout. A node is a longest run of tokens that belongs to the same set of leaves.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from whet.types.lineage import Parentage


class TreeNode(NamedTuple):
    """Sampled tokens start … stop − 1 of the rollout that sampled them first."""

    owner: str
    start: int
    stop: int


def nodes(family: Parentage) -> list[list[TreeNode]]:
    """The nodes of each rollout, from its first token to its last one.

    A parent that is missing still identifies the shared tokens.

    Raises `ValueError` for what is not a tree.
    """
    parent = dict(zip(family.ids, family.parents, strict=True))
    if len(parent) < len(family.ids):
        raise ValueError("two rollouts have the same id: give each its own")
    until = dict(zip(family.ids, family.forked_at, strict=True))
    pieces = []
    for name, length in zip(family.ids, family.lengths, strict=True):
        if until[name] > length:
            raise ValueError(f"rollout {name!r} forked at {until[name]}, but has {length} tokens")
        pieces.append(list(_pieces(lineage(name, parent), until, length))[::-1])
    cuts = _cuts(pieces)
    return [[node for piece in row for node in _split(piece, cuts)] for row in pieces]


def numbered(rows: Sequence[Sequence[TreeNode]]) -> Int[Tensor, " N"]:
    """The number of each token's node; equal nodes have equal numbers."""
    numbers: dict[TreeNode, int] = {}
    held = [(numbers.setdefault(node, len(numbers)), node) for row in rows for node in row]
    sizes = torch.tensor([node.stop - node.start for _, node in held]).long()
    return torch.tensor([number for number, _ in held]).long().repeat_interleave(sizes)


def roots(family: Parentage) -> Int[Tensor, " B"]:
    """The number of each rollout's tree; rollouts of one root have equal numbers."""
    parent = dict(zip(family.ids, family.parents, strict=True))
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(lineage(name, parent)[-1], len(numbers)) for name in family.ids]
    return torch.tensor(found).long()


def lineage(name: str, parent: dict[str, str]) -> list[str]:
    """The rollout, its parent, and so on up to the root."""
    found = [name]
    while above := parent.get(found[-1], ""):
        if above in found:
            raise ValueError(f"rollout {name!r} is its own ancestor: parents must be a tree")
        found.append(above)
    return found


def _pieces(names: Sequence[str], until: dict[str, int], length: int) -> Iterator[TreeNode]:
    """From the last token to the first: tokens by the rollout of the lineage that sampled them."""
    stop = length
    for name in names[:-1]:
        start = min(until[name], stop)
        if start < stop:
            yield TreeNode(name, start, stop)
        stop = start
    if stop:
        yield TreeNode(names[-1], 0, stop)


def _cuts(rows: Sequence[Sequence[TreeNode]]) -> dict[str, set[int]]:
    """For each rollout, the places where a leaf leaves its tokens, by a fork or by its end."""
    cuts: dict[str, set[int]] = {}
    for piece in (piece for row in rows for piece in row):
        cuts.setdefault(piece.owner, set()).add(piece.stop)
    return cuts


def _split(piece: TreeNode, cuts: dict[str, set[int]]) -> Iterator[TreeNode]:
    within = (cut for cut in cuts[piece.owner] if piece.start < cut < piece.stop)
    edges = [piece.start, *sorted(within), piece.stop]
    for start, stop in zip(edges, edges[1:], strict=False):
        yield TreeNode(piece.owner, start, stop)
