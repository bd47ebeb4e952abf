"""From rollouts to tensors: judged tokens laid end to end, and their shares of a step."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import torch

from whet.policy.objective import Objective
from whet.protocols import Learner
from whet.types import Batch, Group, Need, Rollout, Scores, totals

Share = tuple[Sequence[Rollout], Batch]
"""What one optimiser step learns from: rollouts and, in the same order, their tokens."""


def assemble(groups: Iterable[Group], objective: Objective, learner: Learner) -> Share:
    """The rollouts to learn from, with advantages made of the whole of them.

    A rollout without a verdict's score (a fault) is left out, and so out of every baseline.
    """
    judged = ([r for r in group if r.score is not None] for group in groups)
    kept = [group for group in judged if group]
    rollouts = [r for group in kept for r in group]
    row = torch.tensor([i for i, r in enumerate(rollouts) for _ in r.behaviour_logp]).long()
    group = torch.tensor([g for g, members in enumerate(kept) for _ in members]).long()
    behaviour_logp = torch.tensor([logp for r in rollouts for logp in r.behaviour_logp])
    referred = Need.REFERENCE in objective.needs
    scores = Scores(
        reward=torch.tensor([float(r.score or 0.0) for r in rollouts]),
        group=group,
        row=row,
        proximal_logp=behaviour_logp,
        reference_logp=learner.reference_logp(rollouts) if referred else None,
    )
    return rollouts, Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=objective.advantage(scores),
        behaviour_logp=behaviour_logp,
        proximal_logp=behaviour_logp,
        reference_logp=scores.reference_logp,
    )


def minibatches(share: Share, count: int, dice: Random) -> list[Share]:
    """Deal whole groups into `count` optimiser steps; each is a global batch of its own."""
    rollouts, batch = share
    groups = sorted(set(batch.group.tolist()))
    if count == 1 or not groups:
        return [share]
    dice.shuffle(groups)
    shares = []
    for first in range(min(count, len(groups))):
        keep = torch.isin(batch.group, torch.tensor(groups[first::count]))
        part = batch.where(keep)
        mine = [r for r, kept in zip(rollouts, keep.tolist(), strict=True) if kept]
        shares.append((mine, replace(part, totals=totals(part.row, part.group))))
    return shares
