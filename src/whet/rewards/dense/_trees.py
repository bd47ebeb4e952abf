"""Values and advantages of the nodes of a tree of rollouts: pure functions, no state.

A tree is given by its leaves' rewards and, for each leaf, the names of the nodes on its way from
the root down, itself excluded.  The root, which all share, is the first of them.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, pstdev

Path = Sequence[str]
"""The nodes above a leaf, the root first."""


def leaves_below(paths: Sequence[Path]) -> dict[str, list[int]]:
    """Which leaves hang below each node."""
    below: dict[str, list[int]] = {}
    for leaf, path in enumerate(paths):
        for node in path:
            below.setdefault(node, []).append(leaf)
    return below


def mean_values(rewards: Sequence[float], paths: Sequence[Path]) -> dict[str, float]:
    """V(n), the mean of the leaves below n."""
    below = leaves_below(paths)
    return {node: fmean(rewards[leaf] for leaf in leaves) for node, leaves in below.items()}


def leave_one_out(rewards: Sequence[float]) -> list[float]:
    """R_i − mean_{j≠i}(R_j); 0 for a lone one."""
    n = len(rewards)
    if n == 1:
        return [0.0]
    return [(reward - fmean(rewards)) * n / (n - 1) for reward in rewards]


def siblings(values: Sequence[float], least: float = 1e-6) -> list[float]:
    """TreeRPO (arXiv:2506.05183).  A(child) = (V(child) − mean) / std over one parent's children.

    Population deviation; 0 for all where nothing varies, which drops the group.
    """
    deviation = pstdev(values)
    return [(v - fmean(values)) / deviation if deviation > least else 0.0 for v in values]


def edges(
    values: Mapping[str, float], parents: Mapping[str, str], least: float = 1e-6
) -> tuple[dict[str, float], dict[str, float]]:
    """SPO-tree (arXiv:2505.23564).  V(child) − V(parent), plain and over the brood's deviation."""
    plain = {child: values[child] - values[parent] for child, parent in parents.items()}
    spread: dict[str, float] = {}
    for child, parent in parents.items():
        brood = [values[c] for c, p in parents.items() if p == parent]
        deviation = pstdev(brood)
        spread[child] = plain[child] / deviation if deviation > least else 0.0
    return plain, spread


def local_and_global(
    rewards: Sequence[float], paths: Sequence[Path]
) -> tuple[dict[str, float], list[float]]:
    """TreeRL (arXiv:2506.11902), as released.  r(n) = (V(n) − V(parent)) + V(n).

    Of inner nodes, by name, and of leaves.  Leaf rewards are centred on the others first; V(n) is
    the mean of those below n.  The root has no reward.  Neither the token-weighted centring nor the
    weight `crowd` is in it.
    """
    centred = leave_one_out(rewards)
    values = mean_values(centred, paths)
    above = {node: path[k - 1] for path in paths for k, node in enumerate(path) if k}
    nodes = {node: 2 * values[node] - values[parent] for node, parent in above.items()}
    ends = [2 * value - values[path[-1]] for value, path in zip(centred, paths, strict=True)]
    return nodes, ends


def crowd(reward: float, leaves: int) -> float:
    """TreeRL's weight: a node's reward over √(leaves below it), for all of them train on it."""
    return reward / sqrt(leaves)


def subtrees(rewards: Sequence[float], paths: Sequence[Path]) -> list[float]:
    """TreePO (arXiv:2508.17445).  mean over ancestors of R_leaf − mean(subtree); not yet whitened.

    The root always counts; other subtrees of a single leaf don't.
    """
    below = leaves_below(paths)
    means = mean_values(rewards, paths)
    found = []
    for reward, path in zip(rewards, paths, strict=True):
        counted = [n for k, n in enumerate(path) if k == 0 or len(below[n]) > 1]
        found.append(fmean(reward - means[node] for node in counted))
    return found


def twice_normalised(
    rewards: Sequence[float], trees: Sequence[str], least: float = 1e-6
) -> list[float]:
    """Tree-GRPO (arXiv:2509.21240), as released: over the prompt's group, then within each tree.

    Whoever is alone, in a group or a tree, is left as it is: mean 0, deviation 1.
    """
    once = _normalised(rewards, least)
    found = [0.0] * len(rewards)
    for tree in dict.fromkeys(trees):
        mine = [i for i, name in enumerate(trees) if name == tree]
        for i, value in zip(mine, _normalised([once[i] for i in mine], least), strict=True):
            found[i] = value
    return found


def _normalised(values: Sequence[float], least: float) -> list[float]:
    if len(values) == 1:
        return list(values)
    ddof = len(values) - 1
    centre = fmean(values)
    deviation = sqrt(sum((v - centre) ** 2 for v in values) / ddof)
    return [(v - centre) / (deviation + least) for v in values]
