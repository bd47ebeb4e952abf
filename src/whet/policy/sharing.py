"""Sharing: the weight v of a token that several leaves of a tree have in common.

A fork copies the tokens before it into every leaf, and each leaf is a rollout. Without a weight a
shared token would be learned once per leaf.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.nodes import TreeNode, lineage, nodes, roots
from whet.protocols.algorithm import Sharing
from whet.types import RunSpec
from whet.types.lineage import Parentage


class TreeSharing(Sharing):
    """A weight chosen for trees. It warns of a run in which rollouts share no tokens."""

    __slots__ = ()

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where rollouts share no tokens."""
        if spec.forks or spec.several_turns:
            return ""
        return (
            f"{type(self).__name__} has no effect: rollouts share no tokens; choose a "
            "sampling.shape that forks"
        )


def _by_leaves(
    rows: Sequence[Sequence[TreeNode]], weight: Callable[[int], float]
) -> Float[Tensor, " N"]:
    """For each token, the weight of the number of leaves that share it."""
    leaves = Counter(node for row in rows for node in row)
    each = [(weight(leaves[node]), node.stop - node.start) for row in rows for node in row]
    return torch.tensor([v for v, size in each for _ in range(size)], dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerToken(Sharing):
    """Each token counts once. v_n = 1 / (leaves that share it).

    This equals one copy of the token with the mean advantage of its leaves. Its expectation is not
    the policy gradient: a level of n nodes counts n times, so that tokens behind forks weigh more
    than those before. With branches 2,2 and advantages V(node) − V(parent), the gradient of the
    first level has the factor 1, that of the second one 2.
    """

    def __call__(self, family: Parentage) -> Float[Tensor, " N"]:
        return _by_leaves(nodes(family), lambda leaves: 1 / leaves)


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseSqrt(TreeSharing):
    """TreeRL (arXiv:2506.11902): shared tokens weigh more, but not in proportion to their leaves.

    v_n = 1 / √(leaves that share it), so that a token with n leaves counts √n times in all. The
    released code divides the token's reward by this root, which is the same gradient up to the
    loss's denominator: here it is Σ v, there the number of tokens.
    """

    def __call__(self, family: Parentage) -> Float[Tensor, " N"]:
        return _by_leaves(nodes(family), lambda leaves: 1 / sqrt(leaves))


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerLeaf(TreeSharing):
    """Each token counts once for every leaf that has it. v_n = 1.

    In full trees, one of a task, all levels weigh the same: with advantages V(node) − V(parent) and
    b branches everywhere, the expectation of the sum is the policy gradient times
    (1 − 1/b) · leaves. In other trees, what has more leaves weighs more, although it was no more
    probable.
    """

    def __call__(self, family: Parentage) -> Float[Tensor, " N"]:
        return torch.ones(sum(family.lengths), dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OncePerRoot(TreeSharing):
    """Each tree counts once. v_n = 1 / (leaves of its tree), for shared and unshared tokens alike.

    In full trees, one of a task, it is the REINFORCE estimator for samples of the root: with
    advantages V(node) − V(parent) and b branches everywhere, the expectation of the sum is the
    policy gradient times (1 − 1/b). It is not where paths end early: a leaf then weighs 1 / n, and
    not Π 1 / b over the forks above it (`EqualBranches`). Nor is it where forks are chosen by what
    was sampled.
    """

    def __call__(self, family: Parentage) -> Float[Tensor, " N"]:
        parent = dict(zip(family.ids, family.parents, strict=True))
        roots = [lineage(name, parent)[-1] for name in family.ids]
        leaves = Counter(roots)
        each = zip(roots, family.lengths, strict=True)
        weights = [1 / leaves[root] for root, length in each for _ in range(length)]
        return torch.tensor(weights, dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualBranches(TreeSharing):
    """The branches of a fork share the weight of what they fork from, alike; a tree weighs 1.

    v_n = (Π 1/b over the forks above n) / (leaves that share n),  b = the branches of a fork

    Where all forks have b branches and are at fixed numbers of tokens, and a task has one tree, it
    is the REINFORCE estimator for samples of the root, also where paths end early: with advantages
    V(node) − V(parent), V by children, the expectation of the sum is the policy gradient times
    (1 − 1/b). In a full tree it equals `OncePerRoot`. With k trees of a task, the prompt is a fork
    of k b branches for the advantage, so the factor of the first level is 1 − 1/(k b), and that of
    the others stays. A branch whose rollout is left out, for a fault say, is not counted. The
    weight is ours.
    """

    def __call__(self, family: Parentage) -> Float[Tensor, " N"]:
        rows, trees = nodes(family), roots(family).tolist()
        paths = [
            (tree, *row, ("end", n)) for n, (tree, row) in enumerate(zip(trees, rows, strict=True))
        ]
        below: dict[object, set[object]] = defaultdict(set)
        for above, child in (pair for path in paths for pair in pairwise(path)):
            below[above].add(child)
        leaves = Counter(node for row in rows for node in row)
        found: list[float] = []
        for tree, row in zip(trees, rows, strict=True):
            share, above = 1.0, tree
            for node in row:
                share /= len(below[above])
                found += [share / leaves[node]] * (node.stop - node.start)
                above = node
        return torch.tensor(found, dtype=torch.float64)
