"""Trees that begin at the prompt: their leaves have one root."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from whet.types import Rollout
from whet.types.lineage import forks


def rooted(leaves: Sequence[Rollout], inner: Iterable[Rollout]) -> list[Rollout]:
    """The leaves as one tree: leaves without a parent are forked from the first one.

    `inner` are the paused rollouts that leaves were continued from. Leaves without a parent share
    the words that all of them were made to begin with, and no sampled token.
    """
    placed = forks(leaves, inner)
    first = next((leaf for leaf, fork in zip(leaves, placed, strict=True) if not fork.parent), None)
    found: list[Rollout] = []
    for leaf, (parent, at) in zip(leaves, placed, strict=True):
        if not parent and first is not None and leaf is not first:
            parent, at = first.id, min(first.forced_len, leaf.forced_len)
        found.append(replace(leaf, parent=parent, forked_at=at))
    return found
