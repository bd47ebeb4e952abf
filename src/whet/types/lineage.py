"""Lineage: parents and fork points of rollouts, also where some of them are missing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from whet.types.errors import UsageError
from whet.types.rollouts import Rollout


class Parentage(NamedTuple):
    """The rollouts of trees: one id, parent, fork point and number of sampled tokens each.

    A forked rollout has its parent's id in `parents`, and its first `forked_at` sampled tokens are
    the parent's. Without a parent the id is empty.
    """

    ids: Sequence[str]
    parents: Sequence[str]
    forked_at: Sequence[int]
    lengths: Sequence[int]


class Fork(NamedTuple):
    """The parent of a rollout, and the number of sampled tokens that they share."""

    parent: str
    at: int


def forks(leaves: Sequence[Rollout], known: Iterable[Rollout]) -> list[Fork]:
    """Parent and fork point of every leaf, among these leaves alone.

    `known` has the rollouts of their trees that are not among the leaves, such as paused ones.
    Raises `UsageError` for rollouts that are each other's parents.

    If a parent is not among the leaves, its child with the longest shared prefix replaces it: the
    child is forked where the parent was, and the other children are forked from the child. The
    first `at` sampled tokens of a leaf are its parent's. A parent without a rollout stays.
    """
    present = {leaf.id for leaf in leaves}
    gone = {r.id: r for r in known if r.id not in present}
    _check_cycles({r.id: r.parent for r in (*gone.values(), *leaves)})
    tree = {r.id: Fork(r.parent, min(r.forked_at, r.length)) for r in (*gone.values(), *leaves)}
    children: dict[str, list[str]] = defaultdict(list)
    for name, fork in tree.items():
        children[fork.parent].append(name)
    for name in gone:
        _replaced(name, tree, children)
    return [_lifted(tree[leaf.id], tree) for leaf in leaves]


def _check_cycles(parents: Mapping[str, str]) -> None:
    for name in parents:
        seen, above = {name}, parents[name]
        while above in parents:
            if above in seen:
                raise UsageError(
                    f"rollout {name} is forked from itself, by way of its parents; give each "
                    "rollout a parent that was sampled before"
                )
            seen.add(above)
            above = parents[above]


def _replaced(gone: str, tree: dict[str, Fork], children: dict[str, list[str]]) -> None:
    """Put the child that shares the most tokens in the place of a rollout."""
    place, heirs = tree.pop(gone), children.pop(gone, [])
    children[place.parent].remove(gone)
    if not heirs:
        return
    heir = max(heirs, key=lambda name: tree[name].at)
    others = [name for name in heirs if name != heir]
    for name in others:
        tree[name] = Fork(heir, tree[name].at)
    tree[heir] = Fork(place.parent, min(place.at, tree[heir].at))
    children[heir] += others
    children[place.parent].append(heir)


def _lifted(fork: Fork, tree: dict[str, Fork]) -> Fork:
    """The same fork from the rollout that sampled the token before it."""
    while fork.parent in tree and tree[fork.parent].parent and fork.at <= tree[fork.parent].at:
        fork = Fork(tree[fork.parent].parent, fork.at)
    return fork
