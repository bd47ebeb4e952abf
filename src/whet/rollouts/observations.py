"""The observation tokens of a batch: their rollouts, and what they weigh in trees."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.protocols import Algorithm
from whet.rollouts.lineage import parentage
from whet.types import Batch, Rollout, observations
from whet.types.lineage import Parentage


def observed(
    rollouts: Sequence[Rollout],
    known: Iterable[Rollout],
    group: Int[Tensor, " B"],
    objective: Algorithm,
) -> Batch:
    """A row per observation token of these rollouts, in their order.

    `known` has the rollouts of their trees that are not among them.
    """
    counts = torch.tensor([int(r.observed.sum()) for r in rollouts]).long()
    row = torch.arange(len(rollouts)).repeat_interleave(counts)
    return observations(row, group, _tree_weight(rollouts, known, objective))


def _tree_weight(
    rollouts: Sequence[Rollout], known: Iterable[Rollout], objective: Algorithm
) -> Float[Tensor, " M"] | None:
    """Weights by the objective's `sharing`; None if no rollout was forked.

    The sharing sees the trees of all tokens from the first sampled to the last sampled one.
    """
    forked = parentage(rollouts, known)
    if forked is None:
        return None
    heard = np.concatenate([r.observed[_within(r)] for r in rollouts])
    return objective.sharing(_of_all_tokens(rollouts, forked))[torch.from_numpy(heard)]


def _of_all_tokens(rollouts: Sequence[Rollout], forked: Parentage) -> Parentage:
    """The same trees, counted in tokens from the first sampled one on, observations too.

    After the last sampled token that two leaves share they share what both then observe, as long as
    it is the same.  Of the leaves that forked at one place, each is a child of the first that it
    shares the most with.
    """
    by_id = {r.id: r for r in rollouts}
    alike: dict[tuple[str, int], list[str]] = {}
    parents, places = [], []
    for rollout, parent, at in zip(rollouts, forked.parents, forked.forked_at, strict=True):
        base = _place(rollout, at)
        others = alike.setdefault((parent, at), [parent] if parent in by_id else [])
        met = [_heard_alike(rollout, by_id[other], base) for other in others] if parent else []
        best = max(met, default=0)
        parents.append(others[met.index(best)] if best else parent)
        places.append(base + best if parent else 0)
        others.append(rollout.id)
    return Parentage(forked.ids, parents, places, [len(r.token_ids[_within(r)]) for r in rollouts])


def _within(rollout: Rollout) -> slice:
    """From the first sampled token to the last one."""
    places = np.flatnonzero(rollout.action_mask)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _place(rollout: Rollout, at: int) -> int:
    """Number of tokens from the first sampled one to the sampled token number `at`."""
    places = np.flatnonzero(rollout.action_mask)
    return int(places[at - 1] - places[0]) + 1 if at else 0


def _heard_alike(one: Rollout, two: Rollout, base: int) -> int:
    """Number of observation tokens, `base` tokens from the first sampled one on, that both have."""
    if not base:
        return 0
    heard = []
    for rollout in (one, two):
        rest = slice(_within(rollout).start + base, _within(rollout).stop)
        heard.append(np.where(rollout.observed[rest], rollout.token_ids[rest], -1))
    size = min(map(len, heard))
    same = (heard[0][:size] == heard[1][:size]) & (heard[0][:size] >= 0)
    return int(np.append(same, False).argmin())
