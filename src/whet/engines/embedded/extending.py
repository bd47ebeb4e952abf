"""Prefill of several new tokens for several cached sequences, in few forward passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import DecodeStep, read
from whet.engines.embedded.session_cache import SessionCache
from whet.engines.embedded.sessions import Session

_SCORES = 1 << 24  # attention scores in memory per head: new tokens × tokens before


@dataclass(frozen=True, slots=True)
class ExtendPrefill:
    """Prefill of new tokens for live sequences that have cached keys."""

    backbone: Backbone
    memory: SessionCache
    budget: int  # most tokens per forward pass

    def logits(
        self, rows: Sequence[Session], rests: Sequence[tuple[int, ...]]
    ) -> Float[Tensor, "n V"]:
        """Compute the keys of every sequence's new tokens; the logits after its last token."""
        counts = [len(rest) for rest in rests]
        depth = [row.length + count for row, count in zip(rows, counts, strict=True)]
        found: list[Tensor] = []
        order: list[int] = []
        for batch in batches(counts, depth, self.budget):
            most = max(1, min(self.budget, _SCORES // max(depth[i] for i in batch)))
            last = torch.empty(0)
            for start in range(0, max(counts[i] for i in batch), most):
                pieces = [rests[i][start : start + most] for i in batch]
                last = self._forward([rows[i] for i in batch], pieces)
            found.append(self.backbone.logits(last))
            order.extend(batch)
        back = torch.tensor(order, device=self.backbone.device).argsort()
        return torch.cat(found)[back]

    def _forward(
        self, rows: Sequence[Session], pieces: Sequence[tuple[int, ...]]
    ) -> Float[Tensor, "rows d"]:
        """Hidden states after the last token of each sequence's piece."""
        device = self.backbone.device
        count = torch.tensor([len(piece) for piece in pieces])
        ends = count.cumsum(0)
        place = torch.arange(int(ends[-1])) - (ends - count).repeat_interleave(count)
        had = torch.tensor([len(row.own) for row in rows])
        position = (had.repeat_interleave(count) + place).to(device)
        reach = torch.tensor([row.reach for row in rows]).repeat_interleave(count).to(device)
        each = [row for row, piece in zip(rows, pieces, strict=True) for _ in piece]
        kv_cache, longest = self.memory.lines.kv_cache, int((had + count).max())
        kv_cache.reserve(len(self.memory.lines.live), longest)
        own = [row.line for row in each]
        forest = DecodeStep(
            shared=read(self.memory.prompts.kv_cache, shared_lines(each), reach, int(reach.max())),
            own=read(kv_cache, own, position + 1, longest),
            line=torch.tensor(own, device=device),
            position=position,
            longest=int((reach + position).max()) + 1,
        )
        tokens = torch.tensor([t for piece in pieces for t in piece], device=device)
        hidden = self.backbone.hidden(tokens, reach + position, forest)
        for row, piece in zip(rows, pieces, strict=True):
            row.own.extend(piece)
        return hidden[(ends - 1).to(device)]


def batches(counts: Sequence[int], depth: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Batches of sequences with similar numbers of new tokens; at most half of a batch is padding.

    A batch has at most `budget` tokens, except for a single longer sequence, which is processed in
    pieces.
    """
    batch: list[int] = []
    total = deepest = 0
    for i in sorted(range(len(counts)), key=counts.__getitem__):
        more, deeper = total + counts[i], max(deepest, depth[i])
        padded = (len(batch) + 1) * counts[i] > 2 * more
        if batch and (padded or more > budget or more * deeper > _SCORES):
            yield batch
            batch, more, deeper = [], counts[i], depth[i]
        batch.append(i)
        total, deepest = more, deeper
    if batch:
        yield batch


def shared_lines(rows: Sequence[Session]) -> list[int]:
    """The shared line of each sequence."""
    return [row.shared.line for row in rows if row.shared is not None]
