"""The parent of each rollout, when some of a tree's leaves are not learned from."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from whet.types import Rollout


class Fork(NamedTuple):
    """The rollout that one was forked from, and how many chosen tokens they share."""

    parent: str
    at: int


def forks(leaves: Sequence[Rollout], known: Iterable[Rollout]) -> list[Fork]:
    """Of every leaf, among these leaves alone; `known` are those of their trees that aren't.

    Where a parent is not among the leaves, its child that shares most with it takes its place: it
    is forked where the parent was, and the other children are forked from it.
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
