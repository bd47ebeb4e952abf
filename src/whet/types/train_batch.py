"""Rollouts and token tensors that one optimizer step learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch

from whet.types.batches import Batch
from whet.types.rollouts import Rollout


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """Rollouts, and their sampled tokens in the same order."""

    rollouts: Sequence[Rollout]
    tokens: Batch

    def minibatches(self, count: int, rng: Random) -> "list[TrainBatch]":
        """Deal whole groups into `count` minibatches.

        Each is a global batch with totals of its own.
        """
        groups = sorted(set(self.tokens.group.tolist()))
        if count == 1 or not groups:
            return [self]
        rng.shuffle(groups)
        parts = []
        for first in range(min(count, len(groups))):
            keep = torch.isin(self.tokens.group, torch.tensor(groups[first::count]))
            mine = [r for r, kept in zip(self.rollouts, keep.tolist(), strict=True) if kept]
            parts.append(TrainBatch(mine, self.tokens.where(keep).counted()))
        return parts
