"""The metrics of a step whose rollouts share sampled tokens."""

from collections.abc import Iterable
from dataclasses import dataclass

from whet.policy.nodes import TreeNode, nodes
from whet.rollouts.lineage import parentage
from whet.types import Group, Mean, Metrics, Rollout


@dataclass(slots=True)
class _Counts:
    """What is counted over groups; tokens are those that the policy sampled."""

    leaves: int = 0
    trees: int = 0
    apart: int = 0  # tokens of every leaf from its first one on
    distinct: int = 0  # tokens as they were sampled, once each

    def add(self, group: Iterable[Rollout]) -> bool:
        """Count a group; True if one of its rollouts is a fork."""
        rollouts = list(group)
        family = parentage(rollouts)
        rows = [_alone(r) for r in rollouts] if family is None else nodes(family)
        sampled = dict(pair for r, row in zip(rollouts, rows, strict=True) for pair in _own(r, row))
        self.leaves += len(rollouts)
        self.trees += len({row[0] for row in rows if row}) + sum(not row for row in rows)
        self.apart += sum(sampled[node] for row in rows for node in row)
        self.distinct += sum(sampled.values())
        return family is not None


def of_trees(groups: Iterable[Group]) -> Metrics:
    """What trees of rollouts saved; empty in a step without forks.

    Faulted and rejected rollouts count, because their tokens were sampled.
    """
    counts = _Counts()
    if not any([counts.add(group) for group in groups]):
        return {}
    return {
        "tree_leaves": Mean(total=counts.leaves, count=counts.trees),
        "tree_tokens": Mean(total=counts.distinct, count=1),
        "tree_tokens_apart": Mean(total=counts.apart, count=1),
        "tree_saved": Mean(total=counts.apart - counts.distinct, count=counts.apart),
    }


def _alone(rollout: Rollout) -> list[TreeNode]:
    return [TreeNode(rollout.id, 0, rollout.length)] if rollout.length else []


def _own(rollout: Rollout, row: Iterable[TreeNode]) -> Iterable[tuple[TreeNode, int]]:
    """The nodes of a rollout, and the number of their tokens that the policy sampled."""
    own = ~rollout.external
    return [(node, int(own[node.start : node.stop].sum())) for node in row]
