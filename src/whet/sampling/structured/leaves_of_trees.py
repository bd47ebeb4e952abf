"""The leaves of a tree as rollouts whose parents are leaves, too."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from whet.types import Rollout


class Stem(NamedTuple):
    """The parent of a rollout, and the number of sampled tokens that they share."""

    parent: str
    at: int


def joined_leaves(leaves: Sequence[Rollout], inner: Iterable[Rollout]) -> list[Rollout]:
    """The leaves with parents among themselves.

    `inner` are the paused rollouts that leaves were continued from, each one behind its own parent.
    Of the rollouts that go on from an inner one, the one that shares the most tokens takes its
    place: it is forked where the inner one was, and the others are forked from it. The first
    `forked_at` sampled tokens of every leaf are its parent's.
    """
    inner = [*inner]
    stems = {r.id: Stem(r.parent, min(r.forked_at, r.length)) for r in (*inner, *leaves)}
    children: dict[str, list[str]] = defaultdict(list)
    for name, stem in stems.items():
        children[stem.parent].append(name)
    present = {leaf.id for leaf in leaves}
    for gone in dict.fromkeys(r.id for r in inner if r.id not in present):
        _replaced(gone, stems, children)
    placed = [_lifted(stems[leaf.id], stems) for leaf in leaves]
    return [
        replace(leaf, parent=stem.parent, forked_at=stem.at)
        for leaf, stem in zip(leaves, placed, strict=True)
    ]


def _replaced(gone: str, stems: dict[str, Stem], children: dict[str, list[str]]) -> None:
    """Put the child that shares the most tokens in the place of a rollout."""
    place, heirs = stems.pop(gone), children.pop(gone, [])
    children[place.parent].remove(gone)
    if not heirs:
        return
    heir = max(heirs, key=lambda name: stems[name].at)
    others = [name for name in heirs if name != heir]
    for name in others:
        stems[name] = Stem(heir, stems[name].at)
    stems[heir] = Stem(place.parent, min(place.at, stems[heir].at))
    children[heir] += others
    children[place.parent].append(heir)


def _lifted(stem: Stem, stems: dict[str, Stem]) -> Stem:
    """The same fork from the rollout that sampled the token before it."""
    while stem.parent in stems and stems[stem.parent].parent and stem.at <= stems[stem.parent].at:
        stem = Stem(stems[stem.parent].parent, stem.at)
    return stem


def rooted(leaves: Sequence[Rollout]) -> list[Rollout]:
    """The leaves as one tree: leaves without a parent are forked from the first one.

    They share the words that all of them were made to begin with, and no sampled token.
    """
    if not leaves:
        return []
    first = next(leaf for leaf in leaves if not leaf.parent)
    return [
        leaf
        if leaf.parent or leaf is first
        else replace(leaf, parent=first.id, forked_at=min(first.forced_len, leaf.forced_len))
        for leaf in leaves
    ]
