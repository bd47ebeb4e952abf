"""The parent of each rollout of a tree, when some leaves are not learned from."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from whet.types import Rollout


class Fork(NamedTuple):
    """The parent of a rollout, and the number of sampled tokens that they share."""

    parent: str
    at: int


def forks(leaves: Sequence[Rollout], known: Iterable[Rollout]) -> list[Fork]:
    """Parent and fork point of every leaf, among these leaves alone.

    `known` has the rollouts of their trees that are not among the leaves.

    If a parent is not among the leaves, its child with the longest shared prefix replaces it: the
    child is forked where the parent was, and the other children are forked from the child.
    """
    tree = {r.id: Fork(r.parent, r.forked_at) for r in (*known, *leaves)}
    present = {leaf.id for leaf in leaves}
    for gone in [name for name in tree if name not in present]:
        place = tree.pop(gone)
        children = [name for name, fork in tree.items() if fork.parent == gone]
        if not children:
            continue
        heir = max(children, key=lambda name: tree[name].at)
        tree |= {name: Fork(heir, tree[name].at) for name in children}
        tree[heir] = place
    return [tree[leaf.id] for leaf in leaves]


class Parentage(NamedTuple):
    """The rollouts of trees: one id, parent, fork point and number of sampled tokens each."""

    ids: list[str]
    parents: list[str]
    forked_at: list[int]
    lengths: list[int]


def parentage(leaves: Sequence[Rollout], known: Iterable[Rollout] = ()) -> Parentage | None:
    """The trees of these leaves alone, see `forks`; None if no leaf was forked."""
    if not any(leaf.parent for leaf in leaves):
        return None
    forked = forks(leaves, known)
    return Parentage(
        [leaf.id for leaf in leaves],
        [fork.parent for fork in forked],
        [fork.at for fork in forked],
        [leaf.length for leaf in leaves],
    )
