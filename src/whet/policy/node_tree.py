"""The trees of a step as one graph of nodes, and the value of every node.

The root of a group is its prompt, which all trees of the group start from. Every rollout ends in a
leaf of its own. Where a rollout ends within another one, or has equal tokens, the leaf is a node
without tokens.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.policy.arithmetic import centred_within, mean_within, most_within
from whet.protocols.part import Part
from whet.types import AdvantageInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTree:
    """K nodes, parents before children: first the `roots`, one per group, then the others.

    A rollout passes through `depth + 1` nodes, and M is their sum over all rollouts.
    """

    roots: int
    parent: Int[Tensor, " K"]  # of a root, the root itself
    of: Int[Tensor, " N"]  # the node of each token
    leaf: Int[Tensor, " B"]  # the node that each rollout ends in, and no other one
    top: Int[Tensor, " B"]  # the first node after the root: equal for the rollouts of one tree
    through: Int[Tensor, " M"]  # a node, root and leaf included …
    rollout: Int[Tensor, " M"]  # … and a rollout that passes through it

    @classmethod
    def of_inputs(cls, inputs: AdvantageInputs) -> "NodeTree":
        """The trees of these rollouts; without `inputs.node` each rollout is a tree of its own.

        Nodes that the same rollouts pass through are one node, for example where only one leaf of a
        fork is left.
        """
        built = _Builder.of_groups(inputs.group)
        segment, rows, numbers = _segments(inputs)
        sharers: dict[int, list[int]] = {}
        for row, number in zip(rows, numbers, strict=True):
            sharers.setdefault(number, []).append(row)
        named = {number: tuple(shared) for number, shared in sharers.items()}
        ids = [built.enter(r, named[n]) for r, n in zip(rows, numbers, strict=True)]
        return built.tree(torch.tensor(ids).long()[segment])


@dataclass(slots=True)
class _Builder:
    """A tree under construction: the node that each rollout has reached so far."""

    roots: int
    parent: list[int]
    reached: list[int]
    known: dict[tuple[int, ...], int]  # the node that exactly these rollouts pass through

    @classmethod
    def of_groups(cls, group: Int[Tensor, " B"]) -> "_Builder":
        found, home = group.unique(return_inverse=True)
        return cls(len(found), list(range(len(found))), home.tolist(), {})

    def enter(self, rollout: int, sharers: tuple[int, ...]) -> int:
        """The rollout's next node; made when its first rollout enters it."""
        if sharers not in self.known:
            self.known[sharers] = self._under(self.reached[rollout])
        self.reached[rollout] = self.known[sharers]
        return self.reached[rollout]

    def tree(self, of: Int[Tensor, " N"]) -> NodeTree:
        leaf = [
            node if self.known.get((rollout,)) == node else self._under(node)
            for rollout, node in enumerate(self.reached)
        ]
        paths = [self._path(node) for node in leaf]
        pairs = [(node, rollout) for rollout, path in enumerate(paths) for node in path]
        through, rollout = torch.tensor(pairs).long().reshape(-1, 2).unbind(1)
        return NodeTree(
            roots=self.roots,
            parent=torch.tensor(self.parent).long(),
            of=of,
            leaf=torch.tensor(leaf).long(),
            top=torch.tensor([path[-2] for path in paths]).long(),
            through=through,
            rollout=rollout,
        )

    def _under(self, node: int) -> int:
        self.parent.append(node)
        return len(self.parent) - 1

    def _path(self, node: int) -> list[int]:
        """From the leaf to the root."""
        path = [node]
        while self.parent[path[-1]] != path[-1]:
            path.append(self.parent[path[-1]])
        return path


def _segments(inputs: AdvantageInputs) -> tuple[Int[Tensor, " N"], list[int], list[int]]:
    """The segment of each token, and rollout and node number of each segment."""
    number = inputs.row if inputs.node is None else inputs.node
    edge = torch.ones_like(number, dtype=torch.bool)
    edge[1:] = (number[1:] != number[:-1]) | (inputs.row[1:] != inputs.row[:-1])
    return edge.cumsum(0) - 1, inputs.row[edge].tolist(), number[edge].tolist()


def above_group(inputs: AdvantageInputs) -> Float[Tensor, " B"]:
    """R_i − mean(R) over the leaves of the group, exactly 0 where all are equal.

    Advantages in a tree are differences of values, so a constant added to all rewards cancels.
    """
    return centred_within(inputs.reward, inputs.group)


class NodeValue(Part, ABC):
    """The value V of every node, from the rewards of the leaves below it."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, tree: NodeTree, reward: Float[Tensor, " B"]) -> Float[Tensor, " K"]:
        """V of each node in float64; V of a leaf is its reward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLeaves(NodeValue):
    """V(n) = mean of R over the leaves below n, each with the same weight."""

    def __call__(self, tree: NodeTree, reward: Float[Tensor, " B"]) -> Float[Tensor, " K"]:
        each = reward.double()[tree.rollout]
        least = -most_within(-each, tree.through)  # equal rewards have exactly their own mean
        value = least + mean_within(each - least, tree.through)
        return value.new_zeros(len(tree.parent)).index_put((tree.through,), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByChildren(NodeValue):
    """V(n) = mean of V over the children of n, however many leaves each of them has."""

    def __call__(self, tree: NodeTree, reward: Float[Tensor, " B"]) -> Float[Tensor, " K"]:
        parent, found = tree.parent.tolist(), [0.0] * len(tree.parent)
        below: list[list[float]] = [[] for _ in parent]
        for leaf, score in zip(tree.leaf.tolist(), reward.tolist(), strict=True):
            found[leaf] = score
        for node in reversed(range(len(parent))):
            found[node] = _mean(below[node]) if below[node] else found[node]
            if parent[node] != node:
                below[parent[node]].append(found[node])
        return torch.tensor(found, dtype=torch.float64, device=reward.device)


def _mean(values: Sequence[float]) -> float:
    least = min(values)
    return least + sum(value - least for value in values) / len(values)
