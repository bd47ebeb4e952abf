"""The trees of the rollouts that are learned from, as columns."""

from collections.abc import Iterable, Sequence

from whet.types import Rollout
from whet.types.lineage import Parentage, forks


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
