"""Selections: which tokens a term of the objective is about.  Made before the batch is split."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from whet.types import Batch, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """The tokens of right rollouts, as the judge counts them; shaping doesn't move them."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.correct is None:
            raise ValueError("this selection needs batch.correct: judge the rollouts")
        return batch.correct[batch.row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """The tokens that others chose: demonstrations, hints, memories."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATIONS})

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return _foreign(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The tokens that the policy sampled itself."""

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~_foreign(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """What is in the one and in the other."""

    one: "Correct | Foreign | Own | Not | Uncertain"
    other: "Correct | Foreign | Own | Not | Uncertain"

    @property
    def needs(self) -> frozenset[Need]:
        """What they need."""
        held = (getattr(part, "needs", frozenset()) for part in (self.one, self.other))
        return frozenset().union(*held)

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return self.one(batch) & self.other(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """What is not in it."""

    of: "Correct | Foreign | Own | Uncertain"

    @property
    def needs(self) -> frozenset[Need]:
        """What it needs."""
        return getattr(self.of, "needs", frozenset())

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        return ~self.of(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The share of tokens with the highest entropy (arXiv:2506.01939).

    H_n ≥ the (1 − share)-quantile of H over the batch, interpolated linearly
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ENTROPY})

    share: float = 0.2

    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        if batch.entropy is None:
            raise ValueError("this selection needs batch.entropy: the sampler records it")
        if not len(batch.row):
            return torch.zeros_like(batch.row, dtype=torch.bool)
        return batch.entropy >= quantile(batch.entropy, 1 - self.share)


def quantile(x: Tensor, at: float) -> Tensor:
    """Interpolated linearly; of any number of elements, where `torch.quantile` takes 16 million."""
    ordered = x.sort().values
    place = at * (len(x) - 1)
    low = int(place)
    high = min(low + 1, len(x) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _foreign(batch: Batch) -> Tensor:
    if batch.foreign is None:
        return torch.zeros_like(batch.row, dtype=torch.bool)
    return batch.foreign
