"""The learner's distribution over the tokens that truncated sampling kept."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class KeptTokens(NamedTuple):
    """The kept ids of N sampled tokens, laid end to end; a size of 0 stands for all tokens."""

    sizes: Int[Tensor, " N"]  # on the CPU
    ids: Int[Tensor, " S"]

    def split(self, size: int) -> "Iterator[KeptTokens]":
        """The sets of `size` tokens after another."""
        sizes = self.sizes.split(size)
        parts = self.ids.split([int(some.sum()) for some in sizes])
        return map(KeptTokens, sizes, parts)

    def within(self, scores: Float[Tensor, "N V"]) -> Float[Tensor, "N V"]:
        """The scores, with −∞ at tokens that were not kept."""
        sizes = self.sizes.to(scores.device)
        outside = (sizes > 0)[:, None].repeat(1, scores.shape[1])
        owner = torch.arange(len(sizes), device=scores.device).repeat_interleave(sizes)
        outside[owner, self.ids] = False
        return scores.masked_fill(outside, -torch.inf)
