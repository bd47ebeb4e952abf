"""The KV cache, and attention over it.

A shared prefix's keys and values are computed once and stored in one line of a cache. All sequences
with this prefix read the line, each up to its own length. Nothing is copied per sequence: the
queries of all sequences of a line are multiplied with it in one matrix product, and each query with
its sequence's own line in another. One softmax joins the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.engines.embedded.forest import Packed


@dataclass(frozen=True, slots=True)
class CacheShape:
    """Shape of a model's KV cache per token."""

    layers: int
    heads: int  # K, number of key-value heads
    width: int  # D
    dtype: torch.dtype
    device: torch.device


@dataclass(slots=True)
class KVCache:
    """Lines of keys and values, [lines, K, length, D] per layer.

    Its size doubles when it is full.
    """

    shape: CacheShape
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def reserve(self, lines: int, length: int) -> None:
        """Make room for at least `lines` lines of `length` tokens."""
        had = self.keys[0].shape if self.keys else (0, 0, 0, 0)
        if lines <= had[0] and length <= had[2]:
            return
        size = _doubled(had[0], lines), _doubled(had[2], length)
        self.keys = self._grown(self.keys, *size)
        self.values = self._grown(self.values, *size)

    def _grown(self, old: list[Tensor], lines: int, length: int) -> list[Tensor]:
        s = self.shape
        wanted = (lines, s.heads, length, s.width)
        grown = [torch.zeros(wanted, dtype=s.dtype, device=s.device) for _ in range(s.layers)]
        for new, had in zip(grown, old, strict=False):
            new[: had.shape[0], :, : had.shape[2]] = had
        return grown

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one line to another."""
        if length:
            for tensor in (*self.keys, *self.values):
                tensor[target, :, :length] = tensor[source, :, :length]

    def swap(self, one: int, two: int, length: int) -> None:
        """Exchange the first `length` tokens of two lines."""
        if length:
            for tensor in (*self.keys, *self.values):
                held = tensor[one, :, :length].clone()
                tensor[one, :, :length] = tensor[two, :, :length]
                tensor[two, :, :length] = held

    def take(self, other: "KVCache", source: int, target: int, places: slice) -> None:
        """Copy the first tokens of another cache's line to positions of a line of this cache."""
        count = places.stop - places.start
        for mine, theirs in zip(
            (*self.keys, *self.values), (*other.keys, *other.values), strict=True
        ):
            mine[target, :, places] = theirs[source, :, :count]

    def clear(self) -> None:
        """Free the memory of all lines."""
        self.keys, self.values = [], []


def _doubled(had: int, wanted: int) -> int:
    return had if wanted <= had else max(wanted, 2 * had)


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that are computed: a packed forest that writes its keys and values to a cache."""

    packed: Packed
    kv_cache: KVCache
    line: Int[Tensor, " n"]  # cache line of each token
    position: Int[Tensor, " n"]  # position of each token in its line

    @property
    def longest(self) -> int:
        """Number of positions on the longest path."""
        return self.packed.longest

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Write keys and values to the cache, then attend within the packed forest."""
        self.kv_cache.keys[layer][self.line, :, self.position] = key[0].transpose(0, 1)
        self.kv_cache.values[layer][self.line, :, self.position] = value[0].transpose(0, 1)
        return self.packed.attend(layer, query, key, value, scale)


class Aligned:
    """The identity layout: query i reads line i."""

    def spread(self, x: Float[Tensor, "n K R d"]) -> Float[Tensor, "n K R d"]:
        return x

    def collect(self, x: Float[Tensor, "n K R d"], repeats: int) -> Float[Tensor, "n K R d"]:
        del repeats
        return x


class Grid(NamedTuple):
    """The queries of each line side by side, so that all of them read the line at once."""

    line: Int[Tensor, " n"]  # line that each query reads
    place: Int[Tensor, " n"]  # index among the queries of that line
    lines: int
    width: int  # largest number of queries per line

    def spread(self, x: Float[Tensor, "n K R d"]) -> Float[Tensor, "P K WR d"]:
        """One row of the grid per line, zero-padded where a line has fewer queries."""
        grid = x.new_zeros(self.lines, self.width, *x.shape[1:])
        grid[self.line, self.place] = x
        return grid.transpose(1, 2).flatten(2, 3)

    def collect(self, grid: Float[Tensor, "P K WR d"], repeats: int) -> Float[Tensor, "n K R d"]:
        """The inverse of `spread`: one row per query."""
        per_place = grid.unflatten(2, (self.width, repeats)).transpose(1, 2)
        return per_place[self.line, self.place]


class Reading(NamedTuple):
    """Some lines of a cache, the queries that read them, and how far each query sees."""

    kv_cache: KVCache
    lines: slice | Int[Tensor, " P"]
    grid: Aligned | Grid
    bias: Float[Tensor, "n t"]  # 0 where the query sees the token of its line, −∞ elsewhere

    def scores(self, layer: int, query: Float[Tensor, "n K R D"]) -> Float[Tensor, "n K R t"]:
        """Attention scores Q kᵀ + bias."""
        keys = self._of(self.kv_cache.keys[layer])
        met = self.grid.spread(query) @ keys.transpose(-1, -2)
        return self.grid.collect(met, query.shape[2]) + self.bias[:, None, None]

    def values(self, layer: int, weights: Float[Tensor, "n K R t"]) -> Float[Tensor, "n K R D"]:
        """Weighted sums of values Σ w v."""
        values = self._of(self.kv_cache.values[layer])
        return self.grid.collect(self.grid.spread(weights) @ values, weights.shape[2])

    def _of(self, tensor: Tensor) -> Tensor:
        return tensor[:, :, : self.bias.shape[1]][self.lines]


@dataclass(frozen=True, slots=True)
class DecodeStep:
    """New tokens of sequences with cached keys in two caches: a shared line, then their own
    line.
    """

    shared: Reading
    own: Reading
    line: Int[Tensor, " n"]  # line of the own cache for each new token
    position: Int[Tensor, " n"]  # position of each new token in that line
    longest: int

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Write the new keys and values, then take one softmax over shared and own line."""
        kv_cache = self.own.kv_cache
        kv_cache.keys[layer][self.line, :, self.position] = key[0].transpose(0, 1)
        kv_cache.values[layer][self.line, :, self.position] = value[0].transpose(0, 1)
        q = query[0].transpose(0, 1).unflatten(1, (key.shape[1], -1)) * scale  # [n, K, R, D]
        scores = torch.cat([self.shared.scores(layer, q), self.own.scores(layer, q)], dim=-1)
        weights = scores.softmax(-1, dtype=torch.float32).to(q.dtype)
        reach = self.shared.bias.shape[1]
        out = self.shared.values(layer, weights[..., :reach])
        out = out + self.own.values(layer, weights[..., reach:])
        return out.flatten(1, 2)[None]


def read(kv_cache: KVCache, lines: Sequence[int], seen: Int[Tensor, " n"], length: int) -> Reading:
    """Let query i read the first seen[i] ≤ `length` tokens of line lines[i].

    Lines that are close together are read in place, with the few lines between them; scattered
    lines are gathered first.
    """
    device = seen.device
    bias = _attention_bias(
        torch.arange(length, device=device) >= seen[:, None], kv_cache.shape.dtype
    )
    count = len(lines)
    if list(lines) == list(range(count)):
        return Reading(kv_cache, slice(0, count), Aligned(), bias)
    used = sorted(set(lines))
    first, last = used[0], used[-1] + 1
    close = last - first <= 2 * len(used)
    met = slice(first, last) if close else torch.tensor(used, device=device)
    order = range(first, last) if close else used
    rank = {line: k for k, line in enumerate(order)}
    places = _places(lines)
    grid = Grid(
        line=torch.tensor([rank[line] for line in lines], device=device),
        place=torch.tensor(places, device=device),
        lines=len(rank),
        width=max(places) + 1,
    )
    return Reading(kv_cache, met, grid, bias)


def _attention_bias(away: Tensor, dtype: torch.dtype) -> Tensor:
    """Attention bias: 0 where a query may look, −∞ elsewhere."""
    return torch.zeros(away.shape, dtype=dtype, device=away.device).masked_fill(away, float("-inf"))


def _places(lines: Sequence[int]) -> list[int]:
    """Index of each query among the queries of its line."""
    seen: dict[int, int] = {}
    places = []
    for line in lines:
        places.append(seen.get(line, 0))
        seen[line] = places[-1] + 1
    return places
