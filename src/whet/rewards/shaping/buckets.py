"""Target lengths by difficulty: the group's success rate chooses the target."""

from collections.abc import Sequence

from whet.rewards.shaping.rescoring import reaches
from whet.types import UsageError


def check(owner: str, targets: Sequence[int], bounds: Sequence[float]) -> None:
    """Raises `UsageError` unless `bounds` rise within (0, 1) and `targets` has one entry more."""
    if len(targets) != len(bounds) + 1 or any(not target >= 1 for target in targets):
        raise UsageError(
            f"{owner}.targets is {tuple(targets)}; give {len(bounds) + 1} positive lengths, one "
            f"more than bounds"
        )
    edges = (0.0, *bounds, 1.0)
    if any(not a < b for a, b in zip(edges, edges[1:], strict=False)):
        raise UsageError(f"{owner}.bounds is {tuple(bounds)}; give rates that rise between 0 and 1")


def target(solved: float, targets: Sequence[int], bounds: Sequence[float]) -> int:
    """The target of the bucket that a success rate falls into; the hardest bucket comes first."""
    return targets[sum(reaches(solved, bound) for bound in bounds)]
