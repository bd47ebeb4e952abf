"""Random trees as nested lists, and their rollouts as a player would record them."""

from dataclasses import dataclass, field
from random import Random

import torch

from whet.policy.nodes import nodes, numbered
from whet.types import AdvantageInputs
from whet.types.lineage import Parentage


@dataclass
class Grown:
    """A node: its tokens, which no other node has, and its children; a leaf has a reward."""

    tokens: list[int] = field(default_factory=list)
    children: list["Grown"] = field(default_factory=list)
    reward: float = 0.0

    def leaves(self) -> list["Grown"]:
        return [x for child in self.children for x in child.leaves()] or [self]


def grown(rng: Random, depth: int = 3, fresh=None) -> Grown:
    """A random tree; the root has no tokens, a leaf may have none, the others have one or two."""
    fresh = fresh or iter(range(10_000))
    node = Grown(reward=rng.choice([0.0, 0.25, 1.0]))
    for _ in range(rng.choice([2, 3]) if depth == 3 else rng.choice([0, 2, 3]) if depth else 0):
        child = grown(rng, depth - 1, fresh)
        child.tokens = [next(fresh) for _ in range(rng.randrange(bool(child.children), 3))]
        node.children.append(child)
    return node


def rows(root: Grown) -> list[tuple[str, str, int, list[int], float]]:
    """(id, parent, forked_at, tokens, reward) of each leaf; the first child goes on as its parent.

    Children of the prompt, which is the root, are trees of their own.
    """
    found = []

    def walk(node: Grown, name: str, parent: str, at: int, before: list[int]) -> None:
        row = before + node.tokens
        if not node.children:
            found.append((name, parent, at, row, node.reward))
        for n, child in enumerate(node.children):
            mine = (name, parent, at) if n == 0 else (f"{name}.{n}@{len(row)}", name, len(row))
            walk(child, *mine, row)

    for n, child in enumerate(root.children):
        walk(child, f"{n}", "", 0, [])
    return found


def inputs_of(*roots: Grown, node: bool = True) -> AdvantageInputs:
    """All leaves of some groups, one root each."""
    each = [
        (g, f"{g}/{name}", parent and f"{g}/{parent}", *rest)
        for g, root in enumerate(roots)
        for name, parent, *rest in rows(root)
    ]
    ids, parents, places = ([x[k] for x in each] for k in (1, 2, 3))
    lengths = [len(x[4]) for x in each]
    return AdvantageInputs(
        reward=torch.tensor([x[5] for x in each], dtype=torch.float64),
        group=torch.tensor([x[0] for x in each]),
        row=torch.arange(len(each)).repeat_interleave(torch.tensor(lengths)),
        node=numbered(nodes(Parentage(ids, parents, places, lengths))) if node else None,
    )
